/** A report as one HTML file: the webview's bundle and the data inline, nothing fetched. */

import type { Report } from './report';

/**
 * @param bundle JavaScript of `dist/webview/report.js`.
 * @param style Content of the bundle's style sheet, empty where it has none.
 */
export function reportHtml(report: Report, bundle: string, style = ''): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:">
<title>${escapeText(report.model.path)} · Coppice</title>
<style>${style.replaceAll('</style', '<\\/style')}</style>
</head>
<body>
<script type="application/json" id="coppice-report">${escapeJson(report)}</script>
<script>${bundle.replaceAll('</script', '<\\/script')}</script>
</body>
</html>
`;
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** JSON inside a script element must not contain an end tag or a comment's beginning. */
function escapeJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}
