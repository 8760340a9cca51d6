/** What a person in the terminal sees of training: a line that lives, and one for each epoch that stays. */

import type { Progress } from '#engine/passes/pass';
import { recent, type EpochPoint, type TrainingCurve } from '#engine/train/curve';
import type { Terminal } from './command';

type Training = NonNullable<Progress['training']>;

/** Room that the bar of the terminal takes, in columns. */
const barRoom = 32;
const blocks = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const widestSparkline = 32;
const narrowestSparkline = 6;

/**
 * What a run's progress is given to.
 *
 * @param now a clock, in milliseconds.
 */
export function showProgress(
  terminal: Pick<Terminal, 'progress' | 'note' | 'width'>,
  now: () => number = () => performance.now(),
): (progress: Progress) => void {
  let epochs = 0;
  let title: string | undefined;
  /** When the steps of this process began, and after how many that earlier ones had done. */
  let begun: { readonly at: number; readonly step: number } | undefined;
  return ({ message, fraction, training }) => {
    if (!training) {
      begun = undefined;
      return terminal.progress(message, fraction);
    }
    const { figures, curve } = training;
    if (!begun || curve.title !== title || figures.step < begun.step) {
      begun = { at: now(), step: figures.step };
      title = curve.title;
      epochs = curve.epochs.length;
    }
    for (const epoch of curve.epochs.slice(epochs)) terminal.note(epochLine(epoch, training));
    epochs = curve.epochs.length;
    const done = figures.step - begun.step;
    const left = done > 0 ? ((now() - begun.at) / done) * (figures.steps - figures.step) : null;
    terminal.progress(liveLine(training, left, terminal.width - barRoom), fraction);
  };
}

/** `epoch 1 of 3: loss 0.4123, 85.1 % right, rate 0.03`. */
export function epochLine(point: EpochPoint, { figures, curve }: Training): string {
  const { epoch, loss, accuracy, heldOut, rate } = point;
  const parts = [
    `loss ${loss.toPrecision(4)}`,
    ...(accuracy === null ? [] : [`${percent(accuracy)} right`]),
    ...(heldOut === undefined ? [] : [`${percent(heldOut)} of those held out`]),
    `rate ${Number(rate.toPrecision(2))}`,
  ];
  return `${named(curve)}epoch ${epoch} of ${figures.epochs}: ${parts.join(', ')}`;
}

/** As much as there is room for; the epoch always. */
export function liveLine({ figures, curve }: Training, left: number | null, room: number): string {
  const { loss, accuracy } = recent(curve);
  const { epoch, epochs, rate } = figures;
  const losses = curve.points.map((point) => point.loss);
  const rest = [
    `loss ${loss.toPrecision(3)}`,
    ...(accuracy === null ? [] : [`${percent(accuracy)} right`]),
    ...(left === null ? [] : [`${clock(left)} left`]),
    // Stands for the drawing until it is known how wide that may be.
    '▁'.repeat(narrowestSparkline),
    `rate ${Number(rate.toPrecision(2))}`,
  ];
  const parts = [`${named(curve)}epoch ${epoch} of ${epochs}`];
  for (const part of rest) {
    if ([...parts, part].join(' · ').length > room) break;
    parts.push(part);
  }
  const free = room - parts.join(' · ').length;
  const width = Math.min(widestSparkline, narrowestSparkline + free);
  return parts.map((part) => (part.startsWith('▁') ? sparkline(losses, width) : part)).join(' · ');
}

/** Values as blocks, from the least (low) to the largest (high); neighbours share a block where they must. */
export function sparkline(values: readonly number[], width: number): string {
  const cells = Math.min(width, values.length);
  const means = Array.from({ length: cells }, (_, i) => {
    const own = values.slice(
      Math.floor((i * values.length) / cells),
      Math.floor(((i + 1) * values.length) / cells),
    );
    return own.reduce((sum, value) => sum + value, 0) / own.length;
  });
  const least = Math.min(...means);
  const range = Math.max(...means) - least;
  const level = (value: number): number =>
    range === 0 ? 0 : Math.round(((value - least) / range) * (blocks.length - 1));
  return means.map((value) => blocks[level(value)]).join('');
}

/** `1:05`, `2:00:00`; of milliseconds. */
function clock(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  const rest = two(seconds % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

function named({ title }: TrainingCurve): string {
  return title === undefined ? '' : `${title}, `;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
