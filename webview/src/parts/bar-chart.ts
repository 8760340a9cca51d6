/**
 * Horizontal bars, one row per layer: an outline for before, a filled bar for after. Drawn as SVG on a linear
 * scale. One tab stop; arrow keys move between the rows, and each row says its numbers.
 */
import { LitElement, css, html, nothing, svg } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { scaleLinear } from 'd3-scale';
import { textStyles } from '../styles';

export interface Bar {
  readonly label: string;
  readonly before: number | null;
  readonly after: number | null;
}

/** What all rows of one drawing share. */
interface Drawing {
  /** Whether any row has a before. */
  readonly paired: boolean;
  readonly labelWidth: number;
  readonly scale: (value: number) => number;
}

const rowHeight = 22;
const widestLabel = 220;
const valueWidth = 150;
/** Width of a character of the label, in pixels, seldom more. */
const characterWidth = 6.8;

@customElement('coppice-bars')
export class BarChart extends LitElement {
  @property({ attribute: false }) bars: readonly Bar[] = [];
  @property({ attribute: false }) format: (value: number) => string = String;
  /** What is measured, with its unit: the chart's title. */
  @property() label = '';
  @state() private width = 700;
  @state() private active = 0;

  private readonly observer = new ResizeObserver(([entry]) => {
    this.width = Math.max(420, Math.floor(entry.contentRect.width));
  });

  static override styles = [
    textStyles,
    css`
      .frame {
        overflow: auto;
        max-height: 480px;
      }
      svg {
        display: block;
        font-size: 12px;
      }
      text {
        fill: var(--vscode-foreground);
        dominant-baseline: central;
      }
      .value {
        font-variant-numeric: tabular-nums;
      }
      .before {
        fill: none;
        stroke: var(--vscode-descriptionForeground);
      }
      .after {
        fill: var(--vscode-charts-blue);
      }
      .ground {
        fill: transparent;
      }
      .bar:hover .ground {
        fill: var(--vscode-list-hoverBackground);
      }
      .bar:focus {
        outline: none;
      }
      .bar:focus-visible .ground {
        stroke: var(--vscode-focusBorder);
        stroke-width: 1;
      }
      .legend {
        display: flex;
        gap: 16px;
        margin-bottom: 4px;
      }
      .legend svg {
        display: inline-block;
        vertical-align: -1px;
        margin-right: 6px;
      }
      @media (forced-colors: active) {
        text {
          fill: CanvasText;
        }
        .before {
          stroke: CanvasText;
        }
        .after {
          fill: Highlight;
        }
        .bar:focus-visible .ground {
          stroke: Highlight;
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
    const largest = Math.max(
      ...this.bars.map((bar) => Math.max(bar.before ?? 0, bar.after ?? 0)),
      0,
    );
    const longest = Math.max(...this.bars.map((bar) => bar.label.length), 0);
    const labelWidth = Math.min(widestLabel, longest * characterWidth + 12);
    const scale = scaleLinear()
      .domain([0, largest || 1])
      .range([0, this.width - labelWidth - valueWidth]);
    const height = this.bars.length * rowHeight;
    const paired = this.bars.some((bar) => bar.before !== null);
    return html`${paired ? legend : nothing}
      <div class="frame">
        <svg
          role="group"
          aria-labelledby="title description"
          width=${this.width}
          height=${height}
          viewBox="0 0 ${this.width} ${height}"
          @keydown=${this.move}
        >
          <title id="title">${this.label}</title>
          <desc id="description">
            ${this.bars.length} bars, one per layer in graph order. Arrow keys move between them.
          </desc>
          ${this.bars.map((bar, index) => this.bar(bar, index, { paired, labelWidth, scale }))}
        </svg>
      </div>`;
  }

  private bar(bar: Bar, index: number, { paired, labelWidth, scale }: Drawing) {
    const text = valueText(bar, paired, this.format);
    const y = index * rowHeight;
    const end = scale(Math.max(bar.before ?? 0, bar.after ?? 0));
    return svg`<g class="bar" role="img" aria-label=${`${bar.label}: ${text}`}
        tabindex=${index === this.active ? 0 : -1} transform="translate(0 ${y})"
        @focus=${() => (this.active = index)}>
      <title>${bar.label}: ${text}</title>
      <rect class="ground" x="0.5" y="0.5" width=${this.width - 1} height=${rowHeight - 1} rx="3" />
      <text x=${labelWidth - 8} y=${rowHeight / 2} text-anchor="end">${shorten(bar.label)}</text>
      ${bar.after === null ? nothing : svg`<rect class="after" x=${labelWidth} y="5" rx="1" width=${scale(bar.after)} height=${rowHeight - 10} />`}
      ${bar.before === null ? nothing : svg`<rect class="before" x=${labelWidth + 0.5} y="4.5" rx="1" width=${scale(bar.before)} height=${rowHeight - 9} />`}
      <text class="value" x=${labelWidth + end + 8} y=${rowHeight / 2}>${text}</text>
    </g>`;
  }

  private move(event: KeyboardEvent): void {
    const last = this.bars.length - 1;
    const target: Readonly<Record<string, number>> = {
      ArrowDown: Math.min(this.active + 1, last),
      ArrowUp: Math.max(this.active - 1, 0),
      Home: 0,
      End: last,
    };
    const next = target[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.active = next;
    this.renderRoot.querySelectorAll<SVGGElement>('.bar')[next]?.focus();
  }
}

const legend = html`<div class="legend muted" aria-hidden="true">
  <span
    ><svg width="22" height="10">
      <rect class="before" x="0.5" y="0.5" width="21" height="9" rx="1" /></svg
    >before</span
  >
  <span
    ><svg width="22" height="10">
      <rect class="after" width="22" height="10" rx="1" /></svg
    >after</span
  >
</div>`;

function valueText(bar: Bar, paired: boolean, format: (value: number) => string): string {
  if (bar.after === null) return bar.before === null ? '–' : `${format(bar.before)} → removed`;
  if (bar.before === null) return paired ? `new: ${format(bar.after)}` : format(bar.after);
  if (bar.before === bar.after) return format(bar.after);
  return `${format(bar.before)} → ${format(bar.after)}`;
}

/** Layer names differ at their ends, so the middle goes. */
function shorten(label: string): string {
  const room = Math.floor((widestLabel - 12) / characterWidth);
  if (label.length <= room) return label;
  const head = Math.floor((room - 1) / 3);
  return `${label.slice(0, head)}…${label.slice(label.length - (room - 1 - head))}`;
}

declare global {
  interface HTMLElementTagNameMap {
    'coppice-bars': BarChart;
  }
}
