/** Small drawn marks. Each differs in shape, not only in colour, and is hidden from screen readers. */
import { svg, type SVGTemplateResult } from 'lit';

export type Mark = 'pass' | 'fail' | 'neutral' | 'warning';

const paths: Readonly<Record<Mark, string>> = {
  pass: 'M3 8.5 L6.5 12 L13 4.5',
  fail: 'M4 4 L12 12 M12 4 L4 12',
  neutral: 'M3.5 8 H12.5',
  warning: 'M8 3 V9.5 M8 12 V13',
};

const colors: Readonly<Record<Mark, string>> = {
  pass: 'var(--vscode-charts-green)',
  fail: 'var(--vscode-charts-red)',
  neutral: 'var(--vscode-descriptionForeground)',
  warning: 'var(--vscode-charts-yellow)',
};

export function mark(kind: Mark): SVGTemplateResult {
  return svg`<svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true" focusable="false"
      style="flex: none; forced-color-adjust: auto">
    <path d=${paths[kind]} fill="none" stroke=${colors[kind]} stroke-width="2" stroke-linecap="round"
      stroke-linejoin="round" />
  </svg>`;
}
