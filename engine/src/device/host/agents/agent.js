// Runs models for Coppice on the machine that it was sent to. Requests come through the input as lines
// of JSON, which say how many bytes follow them; replies leave through the output in the same form.
// It lives as long as its input is open, and leaves nothing behind. It is the body of a function of
// `require` and of `runtime`, the path of onnxruntime-node, and keeps to what old versions of Node know.

/* global require, runtime, process, Buffer, setTimeout, clearTimeout */
/* eslint-disable @typescript-eslint/no-require-imports */

const fs = require('fs');
const os = require('os');
const path = require('path');
const zlib = require('zlib');

// Without a word for so long the other side is taken for dead; it says something every 15 seconds.
const silenceMs = 120000;

const cancelled = new Set();
const sessions = new Map();
let ort;

// The runtime and what it brings along put their files here, too, and tell nobody about the models.
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'coppice-'));
process.env.TMPDIR = folder;
process.env.ORT_DISABLE_TELEMETRY = '1';

function leave() {
  fs.rmSync(folder, { recursive: true, force: true });
  process.exit(0);
}

let watch;
function heard() {
  clearTimeout(watch);
  watch = setTimeout(leave, silenceMs);
}

function reply(message, part) {
  const line = JSON.stringify({ ...message, parts: part ? [part.length] : [] }) + '\n';
  process.stdout.write(line);
  if (part) process.stdout.write(part);
}

const handlers = {
  describe(request) {
    const files = {};
    for (const file of request.files) files[file] = textOf(file);
    const manifest = path.join(runtime.replace(/(onnxruntime-node).*$/, '$1'), 'package.json');
    return {
      platform: process.platform,
      architecture: os.arch(),
      cores: os.cpus().length,
      memoryBytes: os.totalmem(),
      load: os.loadavg()[0],
      files,
      runtime: JSON.parse(fs.readFileSync(manifest, 'utf8')).version,
    };
  },

  async open(request, parts) {
    const options = { logSeverityLevel: 4, intraOpNumThreads: request.threads };
    if (request.profile) {
      options.enableProfiling = true;
      options.profileFilePrefix = path.join(folder, `profile-${request.session}_`);
    }
    const session = await ort.InferenceSession.create(parts[0], options);
    const feeds = {};
    request.feeds.forEach(({ name, type, dims }, i) => {
      feeds[name] = new ort.Tensor(type, valuesOf(type, parts[i + 1]), dims);
    });
    sessions.set(request.session, { session, feeds, prefix: options.profileFilePrefix });
    return {};
  },

  async time(request) {
    const { session, feeds } = sessions.get(request.session);
    const [wallMs, cpuMs] = [[], []];
    for (let i = -request.warmUp; i < request.runs && !cancelled.has(request.id); i++) {
      const worked = process.cpuUsage();
      const began = process.hrtime.bigint();
      await session.run(feeds);
      const tookNs = process.hrtime.bigint() - began;
      const { user, system } = process.cpuUsage(worked);
      if (i < 0) continue;
      wallMs.push(Number(tookNs) / 1e6);
      cpuMs.push((user + system) / 1e3);
    }
    return { wallMs, cpuMs };
  },

  kernels(request) {
    const { session, prefix } = sessions.get(request.session);
    session.endProfiling();
    const name = fs.readdirSync(folder).find((each) => path.join(folder, each).startsWith(prefix));
    const file = path.join(folder, name);
    const part = zlib.deflateSync(fs.readFileSync(file));
    fs.unlinkSync(file);
    return { part };
  },

  async close(request) {
    const { session } = sessions.get(request.session) || {};
    sessions.delete(request.session);
    if (session && session.release) await session.release();
    return {};
  },
};

function textOf(file) {
  try {
    return fs.readFileSync(file, 'utf8').slice(0, 1 << 18);
  } catch {
    return null;
  }
}

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  float16: globalThis.Float16Array || Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
};

/** In memory of its own, because the bytes may begin anywhere. */
function valuesOf(type, bytes) {
  return new arrays[type](Uint8Array.from(bytes).buffer);
}

let queue = Promise.resolve();

async function serve(request, parts) {
  const { id, call } = request;
  try {
    const { part, ...result } = cancelled.has(id) ? {} : await handlers[call](request, parts);
    reply({ id, result }, part);
  } catch (error) {
    reply({ id, failure: error.message });
  }
  cancelled.delete(id);
}

function take(request, parts) {
  if (request.call === 'cancel') cancelled.add(request.id);
  else if (request.call !== 'ping') queue = queue.then(() => serve(request, parts));
}

let chunks = [];
let length = 0;
/** What has come, up to that length and the rest. */
function cut(size) {
  const all = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
  chunks = [all.subarray(size)];
  length -= size;
  return all.subarray(0, size);
}

let request;
function receive(chunk) {
  heard();
  chunks.push(chunk);
  length += chunk.length;
  for (;;) {
    if (!request) {
      const end = chunks[chunks.length - 1].includes(10) || chunks.length === 1 ? lineEnd() : -1;
      if (end < 0) return;
      request = JSON.parse(cut(end + 1));
    }
    const sizes = request.parts || [];
    const wanted = sizes.reduce((sum, size) => sum + size, 0);
    if (length < wanted) return;
    const parts = sizes.map(cut);
    const whole = request;
    request = undefined;
    take(whole, parts);
  }
}

function lineEnd() {
  if (chunks.length > 1) chunks = [Buffer.concat(chunks)];
  return chunks.length ? chunks[0].indexOf(10) : -1;
}

for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, leave);
heard();
try {
  ort = require(runtime);
  reply({ id: 0, result: { interpreter: process.execPath, version: process.versions.node } });
} catch (error) {
  const [reason] = error.message.split('\n');
  reply({ id: 0, failure: `onnxruntime-node of ${process.execPath} cannot be loaded: ${reason}` });
  process.exitCode = 0;
}
process.stdin.on('data', receive);
process.stdin.on('end', leave);
