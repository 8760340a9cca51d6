/** One measured case of the pruning benchmark, and the table of a model's cases. */

export interface Result {
  readonly model: string;
  readonly criterion: string;
  /** Share of the MACs that was asked for. */
  readonly target: number;
  readonly seed: number;
  /** Calibration samples of the recovery, and the pass's other options. */
  readonly samples: number;
  readonly options: string;
  readonly images: number;
  /** Accuracies, 0 … 1. */
  readonly before: number;
  readonly pruned?: number;
  readonly recovered?: number;
  /** Shares left. */
  readonly macs?: number;
  readonly params?: number;
  readonly scoringSeconds?: number;
  readonly recoverySeconds?: number;
  /** Why there is nothing to report. */
  readonly problem?: string;
}

export function printTable(name: string, rows: readonly Result[]): void {
  const [{ before, images }] = rows;
  const targets = [...new Set(rows.map(({ target }) => target))].sort((a, b) => b - a);
  const kinds = [...new Set(rows.map(kindOf))];
  console.log(`### ${name}: top-1 before ${percent(before)} (${images} images)\n`);
  const heads = targets.map((target) => `${Number(percent(target))} % MACs`);
  console.log(`| criterion | ${heads.join(' | ')} | scoring | recovery |`);
  console.log(`| --- | ${heads.map(() => '--- |').join(' ')} --- | --- |`);
  for (const kind of kinds) {
    const own = rows.filter((row) => kindOf(row) === kind);
    const cells = targets.map((target) =>
      cell(
        own.filter((row) => row.target === target),
        target,
      ),
    );
    const times = [own.map((row) => row.scoringSeconds), own.map((row) => row.recoverySeconds)];
    console.log(`| ${[kind, ...cells, ...times.map(longest)].join(' | ')} |`);
  }
  console.log('');
}

function kindOf({ criterion, options, samples }: Result): string {
  const added = [
    ...(options === '{}' ? [] : [options]),
    ...(samples === 1024 ? [] : [`${samples} samples`]),
  ];
  return [criterion, ...added].join(', ');
}

/** Before → after recovery; the mean over the seeds of the random control. */
function cell(rows: readonly Result[], target: number): string {
  if (rows.length === 0) return '';
  const [{ problem }] = rows;
  if (problem) return problem;
  const mean = (of: (row: Result) => number | undefined): number =>
    rows.reduce((sum, row) => sum + (of(row) ?? 0), 0) / rows.length;
  const macs = mean((row) => row.macs);
  const missed = Math.abs(macs - target) > 0.01 ? ` (${percent(macs)} % left)` : '';
  return `${percent(mean((row) => row.pruned))} → ${percent(mean((row) => row.recovered))}${missed}`;
}

function longest(seconds: readonly (number | undefined)[]): string {
  const most = Math.max(...seconds.map((each) => each ?? 0));
  return most > 0 ? `${most < 1 ? most.toFixed(3) : most.toFixed(1)} s` : '';
}

export function percent(share: number): string {
  return (100 * share).toFixed(1);
}
