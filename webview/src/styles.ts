/** What headings, links between parts, code and muted text look like in every part of the page. */
import { css } from 'lit';

export const textStyles = css`
  :host {
    display: block;
    color: var(--vscode-foreground);
    line-height: 1.45;
  }
  h1 {
    font-size: 1.55em;
    font-weight: 600;
    line-height: 1.25;
    margin: 24px 0 4px;
    overflow-wrap: anywhere;
  }
  h2 {
    font-size: 1.15em;
    font-weight: 600;
    margin: 32px 0 10px;
  }
  p {
    margin: 6px 0;
    max-width: 80ch;
  }
  .muted {
    color: var(--vscode-descriptionForeground);
  }
  code,
  pre {
    font-family: var(--vscode-editor-font-family, monospace);
    font-size: 0.95em;
  }
  pre {
    margin: 8px 0;
    padding: 10px 12px;
    background: var(--vscode-textCodeBlock-background);
    border-radius: 4px;
    overflow: auto;
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px;
  }
  .spread {
    justify-content: space-between;
  }
  :focus-visible {
    outline: 1px solid var(--vscode-focusBorder);
    outline-offset: 2px;
  }
`;

export const listStyles = css`
  .checks {
    list-style: none;
    margin: 0;
    padding: 0;
  }
  .checks li {
    display: flex;
    gap: 8px;
    margin: 6px 0;
  }
  .checks li > svg {
    margin-top: 0.15em;
  }
  .steps {
    margin: 0;
    padding-left: 1.4em;
  }
  .steps li {
    margin: 8px 0;
  }
`;
