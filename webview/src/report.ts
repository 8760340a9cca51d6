/**
 * Entry of the page bundle, `dist/webview/report.js`: one classic script that defines `<coppice-page>`.
 *
 * In the editor the page asks the extension host for its content by messages (protocol/src/webview.ts).
 *
 * As a stand-alone HTML report the same file is put inline. Such a document must hold, in this order, and
 * needs nothing else (no style sheet, no font, no icon, no network):
 *
 *     <!doctype html> <html lang="en"> <meta charset="utf-8"> a <title> of its own
 *     <body>
 *       <coppice-page></coppice-page>
 *       <script type="application/json" id="coppice-report"> the Report as JSON, each "<" written \u003c </script>
 *       <script> the bundle, each "</script" written <\/script </script>
 *     </body>
 *
 * Its colours then come from `theme.ts`, by the reader's light, dark or forced-colours preference.
 */
import { installTheme } from './theme';
import './page';

installTheme(document);
