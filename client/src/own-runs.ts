/** The runs that this window started and follows, by the URI of their report, each with a way to stop it. */
export const ownRuns = new Map<string, () => void>();
