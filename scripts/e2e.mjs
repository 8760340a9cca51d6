// Runs the tests that need a browser or a real editor: builds, packages, installs the editor, then test/e2e.
// `--suite=webview|editor` and `--filter=TEXT` choose among the tests; `--no-build` takes dist/ as it is.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const host = 'test/e2e/host';
const options = process.argv.slice(2);
const editor = !options.includes('--suite=webview');

if (editor) installEditor();
if (!options.includes('--no-build')) {
  run('node', ['scripts/build.mjs', '--minify']);
  if (editor) run('node', ['scripts/package.mjs', '--target', 'linux-x64', '--no-build']);
}
await build({
  entryPoints: ['test/e2e/run.ts'],
  outfile: 'build/e2e.cjs',
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  packages: 'external',
  // Aliases of this package are code to bundle, not packages.
  plugins: [
    {
      name: 'own-imports',
      setup({ onResolve, resolve }) {
        onResolve({ filter: /^#/ }, ({ path, kind, resolveDir, pluginData }) =>
          pluginData === 'own' ? undefined : resolve(path, { kind, resolveDir, pluginData: 'own' }),
        );
      },
    },
  ],
});
const chosen = options.filter((option) => option !== '--no-build');
process.exitCode =
  spawnSync('node', ['build/e2e.cjs', ...chosen], { stdio: 'inherit' }).status ?? 1;

/**
 * Installs VS Code's server without its install scripts, in two steps because the second package list lies
 * inside the first. A stamp with the lock file's hash makes the next run skip it.
 */
function installEditor() {
  const stamp = `${host}/node_modules/.coppice-stamp`;
  const lock = createHash('sha256')
    .update(readFileSync(`${host}/package-lock.json`))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  console.log('installing the editor that the tests use');
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  run('npm', ['ci', ...quiet], host);
  run(
    'npm',
    ['install', '--omit=dev', '--no-save', ...quiet],
    `${host}/node_modules/code-server/lib/vscode`,
  );
  writeFileSync(stamp, lock);
}

function run(command, args, cwd = '.') {
  const { status } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed in ${cwd}`);
}
