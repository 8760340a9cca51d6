/** One measured case of the quantization benchmark, and its tables. */

export interface Measured {
  readonly top1?: number;
  readonly images?: number;
  readonly milliseconds?: number;
  readonly bytes?: number;
  /** Of the outputs on the test images against the float model's, in dB. */
  readonly sqnr?: number;
  /** Share of the test images with the same highest score as the float model's. */
  readonly agreement?: number;
}

export interface Result extends Measured {
  readonly model: string;
  /** `coppice` or a peer. */
  readonly tool: string;
  /** Options of ours as JSON, or the peer's method, with `/channel` for scales of each channel. */
  readonly setting: string;
  readonly samples: number;
  readonly calibrationOnly: boolean;
  /** Of the float model. */
  readonly before?: Measured;
  readonly seconds?: number;
  /** Of all processes of the tool. */
  readonly peakMiB?: number;
  readonly versions?: string;
  readonly problem?: string;
}

/** Accuracy, cost and speed of every tool on one model. */
export function printTable(model: string, rows: readonly Result[]): void {
  const before = rows.find((row) => row.before?.top1 !== undefined)?.before;
  if (!before) return;
  console.log(
    `### ${model}: top-1 ${percent(before.top1!)} (${before.images} images), ` +
      `${before.milliseconds!.toFixed(2)} ms, ${mebibytes(before.bytes!)} MiB\n`,
  );
  console.log(
    '| tool | setting | top-1 | change, points | as float | dB | ms | MiB | s | peak MiB |',
  );
  console.log(`| --- | --- | ${'--: | '.repeat(8)}`);
  for (const row of rows) {
    const { top1, milliseconds, bytes } = row;
    const cells = row.problem
      ? [row.problem, '', '', '', '', '']
      : [
          percent(top1!),
          signed(100 * (top1! - before.top1!)),
          row.agreement === undefined ? '' : percent(row.agreement),
          fixed(row.sqnr, 1),
          milliseconds!.toFixed(2),
          mebibytes(bytes!),
        ];
    console.log(
      `| ${[row.tool, row.setting, ...cells, fixed(row.seconds, 1), fixed(row.peakMiB, 0)].join(' | ')} |`,
    );
  }
  const versions = new Set(rows.flatMap((row) => row.versions ?? []));
  console.log(`\n${[...versions].join('; ')}\n`);
}

/** Seconds and memory of calibration alone, ours against ONNX Runtime's for every model. */
export function printCalibration(rows: readonly Result[]): void {
  if (rows.length === 0) return;
  console.log('### Calibration alone\n');
  console.log('| model | tool | setting | samples | s | peak MiB |');
  console.log(`| --- | --- | --- | ${'--: | '.repeat(3)}`);
  for (const { model, tool, setting, samples, seconds, peakMiB, problem } of rows) {
    const time = problem ?? fixed(seconds, 1);
    console.log(`| ${[model, tool, setting, samples, time, fixed(peakMiB, 0)].join(' | ')} |`);
  }
  console.log('');
}

function percent(share: number): string {
  return (100 * share).toFixed(2);
}

function signed(points: number): string {
  return `${points > 0 ? '+' : points < 0 ? '−' : ''}${Math.abs(points).toFixed(2)}`;
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(2);
}

function fixed(value: number | undefined, digits: number): string {
  return value === undefined ? '' : value.toFixed(digits);
}
