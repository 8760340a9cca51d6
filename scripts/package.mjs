// Makes the VSIX files: one for each platform that ONNX Runtime has a library for, with that library alone
// inside, and a universal one without any (structure and hints only). `--target NAME` for one of them,
// `--no-build` takes dist/ as it is.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** VS Code's name of a platform → the folder of its library in the npm package. */
const platforms = {
  'linux-x64': 'linux/x64',
  'linux-arm64': 'linux/arm64',
  'darwin-arm64': 'darwin/arm64',
  'win32-x64': 'win32/x64',
  'win32-arm64': 'win32/arm64',
};
const universal = 'universal';

const { values } = parseArgs({
  options: { target: { type: 'string' }, 'no-build': { type: 'boolean', default: false } },
});
const targets =
  values.target === undefined ? [...Object.keys(platforms), universal] : [values.target];
const unknown = targets.find((target) => target !== universal && !(target in platforms));
if (unknown !== undefined) {
  console.error(
    `Unknown target ${unknown}. Known: ${[...Object.keys(platforms), universal].join(', ')}`,
  );
  process.exit(2);
}

const { name, version } = JSON.parse(readFileSync('package.json', 'utf8'));
const staged = join('dist', 'node_modules');

if (!values['no-build']) run('node', ['scripts/build.mjs', '--minify']);
mkdirSync('build', { recursive: true });
try {
  for (const target of targets) pack(target);
} finally {
  rmSync(staged, { recursive: true, force: true });
}

function pack(target) {
  rmSync(staged, { recursive: true, force: true });
  if (target !== universal) stageRuntime(platforms[target]);
  const file = join('build', `${name}-${target}-${version}.vsix`);
  const platform = target === universal ? [] : ['--target', target];
  // The README's pictures are inside, so its relative links hold without a repository's address.
  const links = ['--allow-missing-repository', '--no-rewrite-relative-links'];
  const options = ['--no-dependencies', ...links, ...platform, '--out', file];
  run('npx', ['--no-install', 'vsce', 'package', ...options]);
  console.log(`${file}  ${(statSync(file).size / 1e6).toFixed(1)} MB`);
}

/**
 * vsce leaves the root's node_modules out, so the one package that cannot be bundled is put below dist/, where
 * `require` from dist/*.js finds it.
 */
function stageRuntime(folder) {
  const library = join('onnxruntime-node', 'bin', 'napi-v6', folder);
  for (const path of [
    join('onnxruntime-node', 'package.json'),
    join('onnxruntime-node', 'dist'),
    join('onnxruntime-common', 'package.json'),
    join('onnxruntime-common', 'dist', 'cjs'),
    library,
  ]) {
    const source = join('node_modules', path);
    if (!existsSync(source)) throw new Error(`${source} is missing: run npm ci`);
    cpSync(source, join(staged, path), { recursive: true, filter: isRun });
  }
}

/** Declarations and source maps are of no use at run time. */
function isRun(path) {
  return !/\.(d\.ts|map)$/.test(path);
}

function run(command, args) {
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
}
