/** Latencies in a model's page: which device, what the whole takes and how sure that is, what each layer takes. */
import { css, html, nothing } from 'lit';
import type { LatencyEstimate } from '#protocol/device';
import type { LayerInfo } from '#protocol/inspection';
import type { PageLatency } from '#protocol/webview';
import { formatMilliseconds, formatPercent } from '../format';
import type { Column } from './sortable-table';

export const deviceStyles = css`
  select {
    margin-left: 6px;
    padding: 3px 6px;
    max-width: 100%;
    color: var(--vscode-dropdown-foreground, var(--vscode-foreground));
    background: var(--vscode-dropdown-background, var(--vscode-editorWidget-background));
    border: 1px solid var(--vscode-dropdown-border, var(--vscode-settings-checkboxBorder));
    border-radius: 2px;
    font: inherit;
  }
`;

export function deviceSelect(
  latency: PageLatency | undefined,
  shown: LatencyEstimate | undefined,
  choose: (id: string) => void,
) {
  if (latency === undefined || latency.estimates.length === 0) return nothing;
  const change = (event: Event): void => choose((event.target as HTMLSelectElement).value);
  return html`<label
    >Latency on
    <select data-testid="device" @change=${change}>
      <option value="" .selected=${shown === undefined}>no device</option>
      ${latency.estimates.map(
        ({ device }) =>
          html`<option value=${device.id} .selected=${device.id === shown?.device.id}>
            ${device.name} · ${device.runtime} · ${device.origin}
          </option>`,
      )}
    </select>
  </label>`;
}

export function latencyTitle({ kind }: LatencyEstimate): string {
  return kind === 'bound' ? 'Latency, at least' : 'Latency';
}

export function latencyFigure({ kind, ms }: LatencyEstimate): string {
  return kind === 'bound' ? `≥ ${formatMilliseconds(ms)}` : formatMilliseconds(ms);
}

/** How sure the figure is, and what it leaves out. */
export function deviceNote(estimate: LatencyEstimate | undefined) {
  if (estimate === undefined) return nothing;
  const { kind, device, lowMs, highMs, restMs, uncovered } = estimate;
  if (kind === 'bound') {
    return html`<p class="muted">
      From the data sheet of ${device.name}: no model can be faster, which does not say how fast it
      is.
    </p>`;
  }
  const parts = [
    ...(lowMs === null || highMs === null
      ? []
      : [
          `80 % of models lie between ${formatMilliseconds(lowMs)} and ${formatMilliseconds(highMs)} for an estimate like this`,
        ]),
    `${formatMilliseconds(restMs)} belong to no layer`,
    ...(uncovered > 0 ? [`${formatPercent(uncovered)} are in kernels without figures`] : []),
  ];
  return html`<p class="muted">${device.name} (${device.origin}): ${parts.join('; ')}.</p>`;
}

/** 0 for what another layer's kernel computes; undefined where nothing is known. */
export function layerMs(name: string, { layers }: LatencyEstimate): number | undefined {
  const found = Object.hasOwn(layers, name) ? layers[name] : undefined;
  return found && ('ms' in found ? found.ms : 0);
}

export function latencyColumn(estimate: LatencyEstimate): Column<LayerInfo> {
  return {
    title: 'Latency',
    numeric: true,
    value: ({ name }) => layerMs(name, estimate) ?? null,
    cell: ({ name }) => {
      const found = Object.hasOwn(estimate.layers, name) ? estimate.layers[name] : undefined;
      if (!found) return '–';
      return 'ms' in found ? formatMilliseconds(found.ms) : 'fused';
    },
  };
}
