/**
 * How one training went: loss, accuracy and rate over its steps, with one slider that goes through them
 * and says their numbers; or the same numbers as tables.
 */
import { LitElement, css, html, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import '@vscode-elements/elements/dist/vscode-button/index.js';
import type { CurvePoint, EpochPoint, TrainingCurve } from '#protocol/training';
import { formatPercent } from '../format';
import { textStyles } from '../styles';
import './line-plot';
import type { PlotMarks, PlotPoint } from './line-plot';
import './sortable-table';
import type { Column } from './sortable-table';

@customElement('coppice-curve')
export class TrainingCurveView extends LitElement {
  @property({ attribute: false }) curve: TrainingCurve | undefined;
  @state() private asTable = false;
  /** Index of the point that is looked at; the last one while nobody has chosen. */
  @state() private chosen: number | undefined;

  static override styles = [
    textStyles,
    css`
      .plots {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(260px, 100%), 1fr));
        gap: 4px 20px;
      }
      h4 {
        margin: 8px 0 2px;
        font-weight: 600;
      }
      .look {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 4px 12px;
        margin: 4px 0 10px;
        font-variant-numeric: tabular-nums;
      }
      input {
        flex: 1 1 160px;
        max-width: 320px;
        accent-color: var(--vscode-charts-blue);
      }
      .key {
        margin-right: 14px;
        white-space: nowrap;
      }
      .key i {
        display: inline-block;
        width: 8px;
        height: 8px;
        margin-right: 5px;
        background: var(--vscode-charts-blue);
        forced-color-adjust: none;
      }
      .circle {
        border-radius: 50%;
      }
      .key .square {
        background: var(--vscode-charts-yellow);
      }
      @media (forced-colors: active) {
        .key i {
          background: Highlight;
        }
        .key .square {
          background: CanvasText;
        }
      }
    `,
  ];

  override render() {
    const { curve } = this;
    if (curve === undefined || curve.points.length === 0) return nothing;
    return html`<div class="row spread">
        <strong>${curve.title ?? 'Training'}</strong>
        <vscode-button
          secondary
          aria-pressed=${this.asTable ? 'true' : 'false'}
          @click=${() => (this.asTable = !this.asTable)}
          >Show as Table</vscode-button
        >
      </div>
      ${this.asTable ? tables(curve) : this.plots(curve)}`;
  }

  private plots(curve: TrainingCurve) {
    const { points, epochs, stepsPerEpoch } = curve;
    const index = Math.min(this.chosen ?? points.length - 1, points.length - 1);
    const point = points[index];
    const plot = (panel: Panel) =>
      html`<div>
        <h4>${panel.title}</h4>
        <coppice-plot
          label=${panel.title}
          .points=${panel.points}
          .marks=${panel.marks}
          .format=${panel.format}
          .steps=${points.at(-1)!.step}
          ?zero=${panel.fromZero ?? false}
          .stepsPerEpoch=${stepsPerEpoch}
          .at=${this.chosen === undefined ? null : point.step}
          @look=${(event: CustomEvent<number>) => (this.chosen = nearest(points, event.detail))}
        ></coppice-plot>
      </div>`;
    const heldOut = epochs.some((epoch) => epoch.heldOut !== undefined);
    return html`<div class="plots">${panelsOf(curve).map(plot)}</div>
      <div class="look">
        <input
          type="range"
          aria-label="Step"
          min="0"
          max=${points.length - 1}
          .value=${String(index)}
          aria-valuetext=${textOf(point, curve)}
          @input=${(event: Event) =>
            (this.chosen = Number((event.target as HTMLInputElement).value))}
        />
        <span>${textOf(point, curve)}</span>
      </div>
      <p class="muted">
        ${epochs.length === 0 ? nothing : html`<span class="key"><i class="circle"></i>mean of an epoch</span>`}
        ${heldOut ? html`<span class="key"><i class="square"></i>on samples held out</span>` : nothing}
      </p>`;
  }
}

interface Panel {
  readonly title: string;
  readonly points: readonly PlotPoint[];
  readonly marks: readonly PlotMarks[];
  readonly format: (value: number) => string;
  readonly fromZero?: boolean;
}

/** What is not known at all gets no plot. */
function panelsOf({ points, epochs, stepsPerEpoch }: TrainingCurve): readonly Panel[] {
  const over = (value: (point: CurvePoint) => number | null): PlotPoint[] =>
    points.flatMap((point) => {
      const y = value(point);
      return y === null ? [] : [{ x: point.step, y }];
    });
  // The mean of an epoch stands in its middle, what was measured after it at its end.
  const means = (value: (point: CurvePoint) => number | null): PlotMarks => ({
    title: 'mean of an epoch',
    shape: 'circle',
    points: epochs.flatMap((epoch) => {
      const y = value(epoch);
      return y === null ? [] : [{ x: epoch.step - stepsPerEpoch / 2, y }];
    }),
  });
  const heldOut: PlotMarks = {
    title: 'on samples held out',
    shape: 'square',
    points: epochs.flatMap((epoch) =>
      epoch.heldOut === undefined ? [] : [{ x: epoch.step, y: epoch.heldOut }],
    ),
  };
  const loss = (point: CurvePoint): number => point.loss;
  const accuracy = (point: CurvePoint): number | null => point.accuracy;
  const panels: readonly Panel[] = [
    { title: 'Loss', points: over(loss), marks: [means(loss)], format: short },
    {
      title: 'Training images right',
      points: over(accuracy),
      marks: [means(accuracy), heldOut],
      format: (share) => `${short(share * 100)} %`,
    },
    {
      title: 'Learning rate',
      points: over((point) => point.rate),
      marks: [],
      format: short,
      fromZero: true,
    },
  ];
  return panels.filter((panel) => panel.points.length > 0 || panel.marks.some(hasPoints));
}

function hasPoints({ points }: PlotMarks): boolean {
  return points.length > 0;
}

function nearest(points: readonly CurvePoint[], step: number): number {
  const distances = points.map((point) => Math.abs(point.step - step));
  return distances.indexOf(Math.min(...distances));
}

function epochOf({ step }: CurvePoint, { stepsPerEpoch }: TrainingCurve): number {
  return Math.ceil(step / stepsPerEpoch);
}

/** `Step 120 of 186, epoch 2: loss 0.412, 85.1 % right, rate 0.018`. */
function textOf(point: CurvePoint, curve: TrainingCurve): string {
  const { step, loss, accuracy, rate } = point;
  const right = accuracy === null ? '' : `, ${formatPercent(accuracy, 1)} right`;
  return `Step ${step} of ${curve.steps}, epoch ${epochOf(point, curve)}: loss ${short(loss)}${right}, rate ${short(rate)}`;
}

function tables(curve: TrainingCurve) {
  const heldOut = curve.epochs.some((epoch) => epoch.heldOut !== undefined);
  const epochColumns = [
    { title: 'Epoch', numeric: true, value: (row: EpochPoint) => row.epoch },
    ...figureColumns,
    ...(heldOut ? [share<EpochPoint>('Held out', (row) => row.heldOut ?? null)] : []),
  ];
  const stepColumns = [
    { title: 'Step', numeric: true, value: (row: CurvePoint) => row.step },
    { title: 'Epoch', numeric: true, value: (row: CurvePoint) => epochOf(row, curve) },
    ...figureColumns,
  ];
  return html`${
      curve.epochs.length === 0
        ? nothing
        : html`<h4>Epochs</h4>
            <coppice-table
              label="Epochs"
              .rows=${curve.epochs}
              .columns=${epochColumns}
            ></coppice-table>`
    }
    <h4>Steps</h4>
    <coppice-table label="Steps" .rows=${curve.points} .columns=${stepColumns}></coppice-table>`;
}

const figureColumns: readonly Column<CurvePoint>[] = [
  { title: 'Loss', numeric: true, value: (row) => row.loss, cell: (row) => short(row.loss) },
  share('Right', (row) => row.accuracy),
  { title: 'Rate', numeric: true, value: (row) => row.rate, cell: (row) => short(row.rate) },
];

function share<Row>(title: string, value: (row: Row) => number | null): Column<Row> {
  const cell = (row: Row): string => {
    const known = value(row);
    return known === null ? '–' : formatPercent(known, 1);
  };
  return { title, numeric: true, value, cell };
}

/** Three significant digits, `1.4e-6` where there would be many zeros. */
function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}

declare global {
  interface HTMLElementTagNameMap {
    'coppice-curve': TrainingCurveView;
  }
}
