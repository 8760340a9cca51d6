/** Runs the suites that need a browser. `--suite=webview|editor` and `--filter=TEXT` choose among them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { artifacts, launchBrowser } from './browser';
import { runEditorSuite } from './editor/index';
import { webviewSuite } from './webview/index';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { suite: { type: 'string' }, filter: { type: 'string', default: '' } },
  });
  const browser = await launchBrowser();
  let passed = 0;
  let failed = 0;
  try {
    const suites = {
      webview: () => webviewSuite(browser).run(values.filter),
      editor: () => runEditorSuite(browser, values.filter),
    };
    for (const [name, run] of Object.entries(suites)) {
      if (values.suite !== undefined && values.suite !== name) continue;
      const outcome = await run();
      passed += outcome.passed;
      failed += outcome.failed;
    }
  } finally {
    await browser.close();
  }
  mkdirSync(artifacts, { recursive: true });
  writeFileSync(
    join(artifacts, 'e2e.json'),
    JSON.stringify({ numPassedTests: passed, numFailedTests: failed }),
  );
  console.log(`${String(passed)} passed, ${String(failed)} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

void main();
