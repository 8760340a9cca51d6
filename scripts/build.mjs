// Bundles every entry point into dist/. One esbuild call for each kind of host.
// `--minify` for a release; `--only=extension,server` for some of the entry points.
import { cpSync, existsSync } from 'node:fs';
import { build } from 'esbuild';

const minify = process.argv.includes('--minify');
const only = process.argv
  .find((argument) => argument.startsWith('--only='))
  ?.slice('--only='.length)
  .split(',');
const common = { bundle: true, minify, sourcemap: !minify, logLevel: 'warning', target: 'node20' };

const node = {
  extension: 'client/src/extension.ts',
  server: 'server/src/main.ts',
  cli: 'cli/src/main.ts',
  'runtime-worker': 'engine/src/runtime/worker.ts',
  job: 'engine/src/recipe/job.ts',
};

const webview = {
  'webview/report': 'webview/src/report.ts',
};

const present = (entries) =>
  Object.fromEntries(
    Object.entries(entries).filter(
      ([name, file]) => existsSync(file) && (only === undefined || only.includes(name)),
    ),
  );

await build({
  ...common,
  entryPoints: present(node),
  outdir: 'dist',
  platform: 'node',
  format: 'cjs',
  external: ['vscode', 'onnxruntime-node', 'sharp'],
});

// Programs that are sent to other machines as they are.
cpSync('engine/src/device/host/agents', 'dist/agents', {
  recursive: true,
  filter: (path) => !path.endsWith('.ts'),
});

if (Object.keys(present(webview)).length > 0) {
  await build({
    ...common,
    entryPoints: present(webview),
    outdir: 'dist',
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    tsconfig: 'webview/tsconfig.json',
  });
}
