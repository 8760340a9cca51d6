/** Our packed extension in a real VS Code, on a copy of the example. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { artifacts, picture, root } from '../browser';
import { sampleTrainedReport } from '../sample-training';
import { Suite, type Outcome } from '../suite';
import { startEditor } from './code-server';
import { scenarios } from './scenarios';
import { Workbench } from './workbench';

export async function runEditorSuite(browser: Browser, filter: string): Promise<Outcome> {
  const folder = exampleWorkspace();
  const editor = await startEditor(packedExtension());
  try {
    const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
    const page = await context.newPage();
    const browserLog: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') browserLog.push(message.text());
    });
    const workbench = new Workbench(page, folder);
    const suite = new Suite(
      'editor',
      async (name) => {
        await picture(page, name);
        const log = join(artifacts, `${name}.log`);
        const frames = page.frames().map((frame) => frame.url());
        writeFileSync(log, [...frames, '', ...browserLog, '', ...editor.log()].join('\n'));
        return [`what the editor said: ${log}`];
      },
      () => workbench.reset(),
    );
    await workbench.open(editor.url);
    for (const scenario of scenarios) scenario(suite, workbench);
    return await suite.run(filter);
  } finally {
    await editor.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The example, a run that has a report, and a source file whose model is missing. */
function exampleWorkspace(): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'coppice-workspace-')), 'fashion');
  cpSync(join(root, 'examples', 'fashion'), folder, { recursive: true });
  for (const made of ['build', '.coppice'])
    rmSync(join(folder, made), { recursive: true, force: true });
  const run = join(folder, '.coppice', 'runs', 'sample');
  mkdirSync(run, { recursive: true });
  writeFileSync(join(run, 'report.json'), JSON.stringify(sampleTrainedReport()));
  writeFileSync(
    join(folder, 'missing.py'),
    'from onnxruntime import InferenceSession\n\nsession = InferenceSession("models/absent.onnx")\n',
  );
  return folder;
}

function packedExtension(): string {
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
  };
  return join(root, 'build', `${name}-linux-x64-${version}.vsix`);
}
