/**
 * One quantity over the steps of a training, as SVG: a line through its points, and marks where there are
 * means of whole epochs. Numbers are read elsewhere; the plot itself is a picture with a name.
 */
import { LitElement, css, html, nothing, svg } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import { textStyles } from '../styles';

export interface PlotPoint {
  readonly x: number;
  readonly y: number;
}

/** Marks of one kind; kinds differ in shape as well as in colour. */
export interface PlotMarks {
  readonly title: string;
  readonly shape: 'circle' | 'square';
  readonly points: readonly PlotPoint[];
}

const height = 150;
const left = 46;
const right = 10;
const top = 8;
const bottom = 22;

@customElement('coppice-plot')
export class LinePlot extends LitElement {
  @property() label = '';
  @property({ attribute: false }) points: readonly PlotPoint[] = [];
  @property({ attribute: false }) marks: readonly PlotMarks[] = [];
  @property({ attribute: false }) format: (value: number) => string = String;
  /** Whether the axis begins at 0, rather than at the least value. */
  @property({ type: Boolean }) zero = false;
  /** Steps from the left edge to the right one. */
  @property({ type: Number }) steps = 1;
  @property({ type: Number }) stepsPerEpoch = 1;
  /** The step that is looked at; null for none. */
  @property({ type: Number }) at: number | null = null;
  @state() private width = 320;

  private readonly observer = new ResizeObserver(([entry]) => {
    this.width = Math.max(220, Math.floor(entry.contentRect.width));
  });

  static override styles = [
    textStyles,
    css`
      :host {
        min-width: 0;
      }
      svg {
        display: block;
        font-size: 11px;
      }
      text {
        fill: var(--vscode-descriptionForeground);
        font-variant-numeric: tabular-nums;
      }
      .grid {
        stroke: var(--vscode-editorWidget-border, var(--vscode-descriptionForeground));
        stroke-opacity: 0.6;
      }
      .line {
        fill: none;
        stroke: var(--vscode-charts-blue);
        stroke-width: 1.5;
        stroke-linejoin: round;
      }
      .circle {
        fill: var(--vscode-charts-blue);
        stroke: var(--vscode-editor-background);
      }
      .square {
        fill: var(--vscode-charts-yellow);
        stroke: var(--vscode-editor-background);
      }
      .at {
        stroke: var(--vscode-foreground);
        stroke-dasharray: 3 3;
      }
      @media (forced-colors: active) {
        text {
          fill: CanvasText;
        }
        .line {
          stroke: Highlight;
        }
        .circle {
          fill: Highlight;
        }
        .square {
          fill: CanvasText;
        }
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    this.observer.observe(this);
  }

  override disconnectedCallback(): void {
    this.observer.disconnect();
    super.disconnectedCallback();
  }

  override render() {
    const { width, steps, stepsPerEpoch } = this;
    const values = [this.points, ...this.marks.map(({ points }) => points)].flat();
    const ys = values.map(({ y }) => y);
    const x = scaleLinear()
      .domain([0, Math.max(1, steps)])
      .range([left, width - right]);
    const y = scaleLinear()
      .domain([this.zero ? 0 : Math.min(...ys), Math.max(...ys)])
      .nice(4)
      .range([height - bottom, top]);
    const path = line<PlotPoint>(
      (point) => x(point.x),
      (point) => y(point.y),
    );
    const inEpochs = steps > stepsPerEpoch;
    const unit = inEpochs ? stepsPerEpoch : 1;
    const ticks = scaleLinear()
      .domain([0, steps / unit])
      .ticks(Math.min(6, Math.max(1, Math.floor(steps / unit))))
      .filter(Number.isInteger);
    return html`<svg
      role="img"
      aria-label="${this.label} by ${inEpochs ? 'epoch' : 'step'}"
      width=${width}
      height=${height}
      viewBox="0 0 ${width} ${height}"
      @pointermove=${(event: PointerEvent) => this.look(x.invert(event.offsetX))}
    >
      <rect width=${width} height=${height} fill="transparent" />
      ${y.ticks(4).map(
        (
          value,
        ) => svg`<line class="grid" x1=${left} x2=${width - right} y1=${y(value)} y2=${y(value)} />
          <text x=${left - 6} y=${y(value)} dy="0.32em" text-anchor="end">${this.format(value)}</text>`,
      )}
      <text x=${left - 12} y=${height - 6} text-anchor="end">${inEpochs ? 'epoch' : 'step'}</text>
      ${ticks.map(
        (value) =>
          svg`<text x=${x(value * unit)} y=${height - 6} text-anchor="middle">${value}</text>`,
      )}
      <path class="line" d=${path(this.points) ?? ''} />
      ${this.marks.map(({ shape, points }) =>
        points.map((point) =>
          shape === 'circle'
            ? svg`<circle class="circle" cx=${x(point.x)} cy=${y(point.y)} r="3.5" />`
            : svg`<rect class="square" x=${x(point.x) - 3.5} y=${y(point.y) - 3.5} width="7" height="7" />`,
        ),
      )}
      ${
        this.at === null
          ? nothing
          : svg`<line class="at" x1=${x(this.at)} x2=${x(this.at)} y1=${top} y2=${height - bottom} />`
      }
    </svg>`;
  }

  /** Tells which step the pointer is at. */
  private look(step: number): void {
    this.dispatchEvent(new CustomEvent<number>('look', { detail: step }));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'coppice-plot': LinePlot;
  }
}
