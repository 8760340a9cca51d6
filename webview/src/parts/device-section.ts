/** What the device of the run makes of the result: how sure the estimate is, its price, its memory. */
import { html, nothing, type TemplateResult } from 'lit';
import type { DeviceFigures, DeviceReport } from '#protocol/report';
import { formatBytes, formatMilliseconds, formatPercent } from '../format';

/** Shares of the time below this are in too few kernels to be mentioned. */
const hardlyUncovered = 0.01;

export function deviceSection(report: DeviceReport | undefined): TemplateResult | typeof nothing {
  if (report === undefined) return nothing;
  const { device, after } = report;
  return html`<h2>On ${device.name}</h2>
    <p>${estimateText(report)}</p>
    ${
      after.uncovered > hardlyUncovered
        ? html`<p>
            ${formatPercent(after.uncovered)} of the time is in kernels that were never timed there.
          </p>`
        : nothing
    }
    ${memoryText(report)} ${priceText(report)}
    ${device.notes.map((note) => html`<p class="muted">${note}</p>`)}`;
}

function estimateText({ device, before, after }: DeviceReport): string {
  const [was, is] = [before, after].map(({ ms }) => formatMilliseconds(ms));
  const where = `${device.name} (${device.runtime})`;
  if (after.lowMs === null || after.highMs === null) {
    return `On ${where} no model like it can take less than ${is} (${was} before); how long it takes is not known.`;
  }
  const [low, high] = [after.lowMs, after.highMs].map(formatMilliseconds);
  return `Estimated for ${where}: ${was} before, ${is} after. Its figures are ${device.origin}; 80 % of models lie between ${low} and ${high}.`;
}

function memoryText({ device, after }: DeviceReport) {
  if (device.memoryBytes === null || after.neededBytes === null) return nothing;
  const needed = `${formatBytes(after.neededBytes)} of its ${formatBytes(device.memoryBytes)}`;
  return html`<p>
    ${after.fits ? nothing : html`<strong>Its memory does not suffice:</strong>`} Weights and
    activations need ${needed}.
  </p>`;
}

function priceText({ device: { price }, before, after }: DeviceReport) {
  if (price === null) return nothing;
  const [was, is] = [before, after].map((each) => perMillion(each));
  return html`<p>
    ${price.perMonth.toFixed(2)} ${price.currency} per
    month.${was && is ? ` A million inferences cost ${was} before and ${is} after.` : nothing}
  </p>`;
}

function perMillion({ costPerMillion }: DeviceFigures): string | undefined {
  return costPerMillion
    ? `${costPerMillion.amount.toPrecision(3)} ${costPerMillion.currency}`
    : undefined;
}
