/** The engine's report is the protocol's: one shape for the command line, the editor and the page. */

export type * from '#protocol/report';
export { missedTarget } from '#protocol/report';
