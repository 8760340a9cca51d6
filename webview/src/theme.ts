/**
 * Colours and sizes. Every part of the page uses the editor's `--vscode-*` variables; a stand-alone report,
 * which has none, gets the few that are used from the table below, light and dark.
 */

const standalone: readonly (readonly [variable: string, light: string, dark: string])[] = [
  ['foreground', '#2b2b2b', '#d4d4d4'],
  ['descriptionForeground', '#5a5a5a', '#a3a3a3'],
  ['editor-background', '#ffffff', '#1f1f1f'],
  ['editorWidget-background', '#f6f7f6', '#262827'],
  ['editorWidget-border', '#d5d9d6', '#3d403e'],
  ['focusBorder', '#00689f', '#4daafc'],
  ['textLink-foreground', '#005a8f', '#4daafc'],
  ['charts-blue', '#1565a8', '#4fa3e0'],
  ['charts-green', '#2c7a3f', '#74c98a'],
  ['charts-red', '#b3261e', '#f28b82'],
  ['charts-yellow', '#8a6100', '#e0b64c'],
  ['list-hoverBackground', '#eef1ef', '#2c2f2d'],
  ['badge-background', '#dfe5e1', '#3d403e'],
  ['badge-foreground', '#2b2b2b', '#e4e4e4'],
  ['button-secondaryBackground', '#e3e8e5', '#3d403e'],
  ['button-secondaryForeground', '#2b2b2b', '#e4e4e4'],
  ['button-secondaryHoverBackground', '#d5dcd8', '#4a4e4b'],
  ['settings-checkboxBackground', '#ffffff', '#313331'],
  ['settings-checkboxForeground', '#2b2b2b', '#e4e4e4'],
  ['settings-checkboxBorder', '#7a807c', '#7a807c'],
  ['textCodeBlock-background', '#f0f2f1', '#292b2a'],
];

/** Adds the document's own style; and the variables, where no editor has set them. */
export function installTheme(target: Document): void {
  const style = target.createElement('style');
  style.textContent = [isInEditor(target) ? '' : standaloneVariables(), documentStyle].join('\n');
  target.head.append(style);
}

function isInEditor(target: Document): boolean {
  const root = target.documentElement;
  return getComputedStyle(root).getPropertyValue('--vscode-foreground') !== '';
}

function standaloneVariables(): string {
  const declare = (column: 1 | 2) =>
    standalone.map((row) => `--vscode-${row[0]}: ${row[column]};`).join('\n');
  return `
    :root {
      color-scheme: light dark;
      --vscode-font-family: system-ui, 'Segoe UI', Roboto, sans-serif;
      --vscode-font-size: 14px;
      --vscode-editor-font-family: ui-monospace, 'Cascadia Code', Consolas, monospace;
      ${declare(1)}
    }
    @media (prefers-color-scheme: dark) { :root { ${declare(2)} } }
    body { max-width: 1100px; margin: 0 auto; }
  `;
}

const documentStyle = `
  body {
    padding: 0 20px 40px;
    color: var(--vscode-foreground);
    background: var(--vscode-editor-background);
    font-family: var(--vscode-font-family);
    font-size: var(--vscode-font-size);
  }
`;
