/** The report of a run: what came out, what was cut and why, and how it was checked. */
import { LitElement, css, html, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type {
  GroupReport,
  LayerComparison,
  Report,
  ReportData,
  StepReport,
} from '#protocol/report';
import { fileName, formatChange, formatCount, formatMilliseconds, formatPercent } from '../format';
import { actionBar } from '../parts/action-bar';
import { isVerified, issueList, targetList, verificationList } from '../parts/checks';
import { deviceSection } from '../parts/device-section';
import '../parts/figures';
import '../parts/layer-chart';
import { mark } from '../parts/marks';
import { optionBadges } from '../parts/option-badges';
import { deviceFigures, metricFigures, sizeFigures } from '../parts/report-figures';
import '../parts/sortable-table';
import '../parts/training-curve';
import type { Column } from '../parts/sortable-table';
import { listStyles, textStyles } from '../styles';

@customElement('coppice-report')
export class ReportView extends LitElement {
  @property({ attribute: false }) report: Report | undefined;
  @property({ type: Boolean }) interactive = false;

  static override styles = [
    textStyles,
    listStyles,
    css`
      .verdict {
        margin: 10px 0;
      }
    `,
  ];

  override render() {
    const { report } = this;
    if (report === undefined) return nothing;
    const { before, after, metric } = report;
    const figures = [
      ...sizeFigures(before, after),
      ...deviceFigures(report.device),
      ...metricFigures(metric, before.metric, after.metric),
    ];
    return html`${heading(report)} ${this.interactive ? actionBar(actionsFor(report)) : nothing}
      <coppice-figures .figures=${figures}></coppice-figures>
      ${metric === null ? nothing : html`<p class="muted">The ${metric.title} was measured on ${metric.samples.toLocaleString('en')} samples.</p>`}
      ${targetList(report.targets)} ${deviceSection(report.device)}
      <h2>Verification</h2>
      ${verificationList(report.verification)} ${issueList(report.issues)} ${stepSection(report)}
      <h2>Layers</h2>
      <coppice-layers .layers=${report.layers}></coppice-layers>
      ${timeSection(report)} ${estimateSection(report)} ${groupSection(report.steps)}
      ${recipeSection(report)}`;
  }
}

function heading(report: Report) {
  const verified = isVerified(report.verification);
  const { before, after } = report;
  return html`<header>
    <h1>${fileName(report.model.path)} → ${fileName(report.output)}</h1>
    <p class="muted">
      ${report.recipe.path === null ? 'No recipe file' : fileName(report.recipe.path)} ·
      ${new Date(report.created).toLocaleString()} · seed ${report.seed} ·
      ${report.tool}${report.runtime === null ? '' : ` · ${report.runtime}`}
    </p>
    <p class="row verdict">
      ${mark(verified ? 'pass' : 'fail')}
      <span>
        <strong>${verified ? 'Verified.' : 'Not verified: see below.'}</strong>
        ${formatPercent(before.macs === 0 ? 1 : after.macs / before.macs)} of the MACs and
        ${formatPercent(before.params === 0 ? 1 : after.params / before.params)} of the parameters
        are left.
      </span>
    </p>
  </header>`;
}

function actionsFor(report: Report) {
  const actions = [
    { action: 'openResult', title: 'Open Result' },
    { action: 'openDiff', title: 'Compare with Original' },
    ...(report.data === undefined ? [] : [{ action: 'finetune', title: 'Fine-Tune…' } as const]),
  ] as const;
  const recipe = report.recipe.path !== null || report.recipe.text !== null;
  return recipe ? [...actions, { action: 'openRecipe', title: 'Open Recipe' } as const] : actions;
}

function timeSection({ layers, timing }: Report) {
  if (timing === undefined) return nothing;
  const timed = layers.filter(
    ({ before, after }) => before?.latencyMs !== undefined || after?.latencyMs !== undefined,
  );
  const { before, after } = timing;
  return html`<h2>Time here</h2>
    <p class="muted">
      One inference on one thread of this machine takes ${formatMilliseconds(before.totalMs)} before
      and ${formatMilliseconds(after.totalMs)} after, both measured in turns; of that, kernels of
      layers ${formatMilliseconds(before.layersMs)} and ${formatMilliseconds(after.layersMs)},
      conversions between number formats and layouts ${formatMilliseconds(before.conversionsMs)} and
      ${formatMilliseconds(after.conversionsMs)}. What is fused into a layer counts to it.
    </p>
    <coppice-table label="Time per layer" .rows=${timed} .columns=${timeColumns}></coppice-table>`;
}

const timeColumns: readonly Column<LayerComparison>[] = [
  { title: 'Layer', value: (row) => row.name },
  { title: 'Operator', value: (row) => row.op },
  { title: 'Bits before', numeric: true, value: (row) => row.before?.bits ?? null },
  { title: 'Bits after', numeric: true, value: (row) => row.after?.bits ?? null },
  ...changeColumns('latencyMs'),
  { title: 'Computed by', value: (row) => row.after?.kernel ?? null },
];

const estimateColumns: readonly Column<LayerComparison>[] = [
  { title: 'Layer', value: (row) => row.name },
  { title: 'Operator', value: (row) => row.op },
  ...changeColumns('estimatedMs'),
];

/** A time before and after, and the change. */
function changeColumns(time: 'latencyMs' | 'estimatedMs'): readonly Column<LayerComparison>[] {
  const both = ({ before, after }: LayerComparison): [number, number] | undefined => {
    const [was, is] = [before?.[time], after?.[time]];
    return was && is !== undefined ? [was, is] : undefined;
  };
  return [
    timeColumn('Before', 'before', time),
    timeColumn('After', 'after', time),
    {
      title: 'Change',
      numeric: true,
      value: (row) => {
        const [was, is] = both(row) ?? [];
        return was && is !== undefined ? is / was - 1 : null;
      },
      cell: (row) => {
        const found = both(row);
        return found ? formatChange(...found) : '–';
      },
    },
  ];
}

function timeColumn(
  title: string,
  side: 'before' | 'after',
  time: 'latencyMs' | 'estimatedMs',
): Column<LayerComparison> {
  const value = (row: LayerComparison): number | null => row[side]?.[time] ?? null;
  const cell = (row: LayerComparison): string => {
    const ms = value(row);
    return ms === null ? '–' : formatMilliseconds(ms);
  };
  return { title, numeric: true, value, cell };
}

function estimateSection({ layers, device }: Report) {
  const estimated = layers.filter(
    ({ before, after }) => before?.estimatedMs !== undefined || after?.estimatedMs !== undefined,
  );
  if (device === undefined || estimated.length === 0) return nothing;
  const { before, after } = device;
  return html`<h2>Estimated time on ${device.device.name}</h2>
    <p class="muted">
      By layer, 0 where it is computed along with another one; of all,
      ${formatMilliseconds(before.restMs)} before and ${formatMilliseconds(after.restMs)} after
      belong to no layer.
    </p>
    <coppice-table
      label="Estimated time per layer"
      .rows=${estimated}
      .columns=${estimateColumns}
    ></coppice-table>`;
}

interface GroupRow extends GroupReport {
  readonly pass: string;
}

function groupSection(steps: readonly StepReport[]) {
  const rows: GroupRow[] = steps.flatMap((step) =>
    step.groups.map((group) => ({ ...group, pass: step.pass })),
  );
  if (rows.length === 0) return nothing;
  const smaller = rows.filter((row) => row.after < row.before).length;
  return html`<h2>What was done and why</h2>
    <p class="muted">
      Channels that must be cut together form a group; other steps work on layers. ${smaller} of
      ${rows.length} became smaller.
    </p>
    <coppice-table label="Groups" .rows=${rows} .columns=${columnsFor(rows)}></coppice-table>`;
}

/** Where every step counts channels, nothing needs to be said of it. */
function columnsFor(rows: readonly GroupRow[]): readonly Column<GroupRow>[] {
  return rows.every(({ counts }) => (counts ?? 'channels') === 'channels')
    ? groupColumns
    : groupColumns.toSpliced(3, 0, countedColumn);
}

const counted = {
  channels: 'channels',
  macs: 'MACs',
  nodes: 'nodes',
  weights: 'weights',
  bits: 'bits',
  loss: 'loss',
};

const countedColumn: Column<GroupRow> = {
  title: 'Counted',
  value: (row) => counted[row.counts ?? 'channels'],
};

const groupColumns: readonly Column<GroupRow>[] = [
  { title: 'Group', value: (row) => row.subject },
  { title: 'Layers', value: (row) => row.layers.join(', ') },
  { title: 'Step', value: (row) => row.pass },
  { title: 'Before', numeric: true, value: (row) => row.before },
  { title: 'After', numeric: true, value: (row) => row.after },
  {
    title: 'Change',
    numeric: true,
    value: (row) => (row.before === 0 ? null : row.after / row.before - 1),
    cell: (row) => formatChange(row.before, row.after),
  },
  { title: 'Why', value: (row) => row.reason },
];

function stepSection(report: Report) {
  return html`<h2>Steps</h2>
    ${dataLine(report)}
    <ol class="steps">
      ${report.steps.map((step) => stepItem(step, report))}
    </ol>`;
}

function dataLine({ data }: Report) {
  if (data === undefined) return nothing;
  const text = ({ path, samples }: ReportData): string =>
    `${fileName(path)} (${samples.toLocaleString('en')} samples)`;
  const measured = data.validation && `, measured on ${text(data.validation)}`;
  return html`<p class="muted">With ${text(data.calibration)}${measured}.</p>`;
}

function stepItem(step: StepReport, report: Report) {
  const { figures } = step;
  const latency = figures.latencyMs === null ? '' : ` · ${formatMilliseconds(figures.latencyMs)}`;
  const top1 =
    figures.metric === null || report.metric?.id !== 'top1'
      ? ''
      : ` · ${formatPercent(figures.metric, 2)} top-1`;
  return html`<li>
    <span class="row">
      <strong>${step.pass}</strong>
      ${optionBadges(step.options)}
    </span>
    <p class="muted">
      ${formatCount(figures.macs)} MACs · ${formatCount(figures.params)} parameters${latency}${top1}
      · took ${step.seconds.toFixed(1)} s
    </p>
    ${step.notes.map((note) => html`<p>${note}</p>`)}
    ${step.curves?.map((curve) => html`<coppice-curve .curve=${curve}></coppice-curve>`)}
  </li>`;
}

function recipeSection(report: Report) {
  if (report.recipe.text === null) return nothing;
  return html`<h2>Recipe</h2>
    <pre tabindex="0" aria-label="Recipe"><code>${report.recipe.text}</code></pre>`;
}

declare global {
  interface HTMLElementTagNameMap {
    'coppice-report': ReportView;
  }
}
