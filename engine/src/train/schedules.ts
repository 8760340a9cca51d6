/** How the learning rate goes down: a factor for each point of the run, 0 … 1 of all steps. */

export interface Schedule {
  readonly id: string;
  readonly doc: string;
  factor(progress: number): number;
}

export const schedules: readonly Schedule[] = [
  {
    id: 'cosine',
    doc: 'Half a wave of a cosine down to 0 (Loshchilov and Hutter, arXiv 1608.03983).',
    factor: (progress) => 0.5 * (1 + Math.cos(Math.PI * progress)),
  },
  { id: 'linear', doc: 'In a straight line down to 0.', factor: (progress) => 1 - progress },
  {
    id: 'step',
    doc: 'A tenth after half of the steps, and a hundredth after three quarters.',
    factor: (progress) => (progress < 0.5 ? 1 : progress < 0.75 ? 0.1 : 0.01),
  },
  { id: 'constant', doc: 'The same all the time.', factor: () => 1 },
];

/** Rises in a straight line over the first steps, then follows the schedule. */
export function rateAt(
  step: number,
  steps: number,
  warmUp: number,
  rate: number,
  schedule: Schedule,
): number {
  if (step < warmUp) return (rate * (step + 1)) / (warmUp + 1);
  return rate * schedule.factor((step - warmUp) / Math.max(1, steps - warmUp));
}
