/**
 * Entry of the page bundle, `dist/webview/report.js`: one classic script that shows `<coppice-page>`.
 *
 * In the editor the page asks the extension host for its content by messages (protocol/src/webview.ts).
 *
 * As a stand-alone HTML report the same file is put inline. The body of such a document must hold, in this
 * order, two elements, and needs nothing else (no style sheet, no font, no icon, no network):
 *
 *     <script type="application/json" id="coppice-report"> the Report as JSON, each "<" written \u003c </script>
 *     <script> the bundle, each "</script" written <\/script </script>
 *
 * Its colours then come from `theme.ts`, by the reader's light, dark or forced-colours preference.
 */
import { installTheme } from './theme';
import './page';

installTheme(document);
document.body.append(document.createElement('coppice-page'));
