/** How layers take quantization, in the few words of a hint: `int8 ✓ 41 dB · int4 ✗ 9 dB`. */

import type { LayerSensitivity, WidthSensitivity } from '#protocol/sensitivity';

export const verdictMarks = { good: '✓', fair: '~', bad: '✗' } as const;

/** For the layers behind one line, with the worst verdict among them; undefined where nothing is known. */
export function sensitivityText(layers: readonly LayerSensitivity[]): string | undefined {
  const bits = new Set(layers.flatMap(({ widths }) => widths.map((width) => width.bits)));
  const parts = [...bits]
    .sort((a, b) => b - a)
    .map((each) =>
      widthText(layers.flatMap(({ widths }) => widths.find((width) => width.bits === each) ?? [])),
    );
  return parts.length === 0 ? undefined : parts.join(' · ');
}

/** `int4 ✗ 9–31 dB`: the output's signal to noise with nothing else quantized. */
function widthText(widths: readonly WidthSensitivity[]): string {
  const verdict = (['bad', 'fair', 'good'] as const).find((each) =>
    widths.some((width) => width.verdict === each),
  )!;
  const levels = widths.flatMap(({ only }) => only.sqnrDb ?? []);
  const parts = [`int${widths[0].bits}`, verdictMarks[verdict]];
  if (levels.length > 0) parts.push(`${levelRange(levels)} dB`);
  return parts.join(' ');
}

function levelRange(levels: readonly number[]): string {
  const [low, high] = [Math.min(...levels), Math.max(...levels)].map((each) => Math.round(each));
  return low === high ? String(low) : `${low}–${high}`;
}
