/**
 * The frame around a vector kernel: a WebAssembly module of one function and one memory, put
 * together from the function's instructions (WebAssembly 2.0, binary format).
 */

/** What is used of the global; its types come with the browser's, which the engine does without. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => {
    readonly exports: Readonly<Record<string, unknown>>;
  };
};

export interface Memory {
  readonly buffer: ArrayBuffer;
  /** Adds pages of 64 KiB; earlier views of the buffer become empty. */
  grow(pages: number): number;
}

export interface WasmKernel {
  readonly memory: Memory;
  /** Arguments are integers: addresses and counts in bytes. */
  readonly call: (...args: number[]) => void;
}

/** Locals of a function beyond its parameters. */
export interface Locals {
  readonly i32: number;
  readonly v128: number;
}

/**
 * @param parameters how many 32-bit integers the function takes.
 * @param code its instructions, without the closing `end`.
 */
export function loadKernel(parameters: number, locals: Locals, code: number[]): WasmKernel {
  const body = [2, locals.i32, i32, locals.v128, v128, ...code, 0x0b];
  const bytes = Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, parameters, ...Array<number>(parameters).fill(i32), 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, 1]),
    ...section(7, [2, ...text('memory'), 2, 0, ...text('call'), 0, 0]),
    ...section(10, [1, ...sized(body)]),
  ]);
  return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as unknown as WasmKernel;
}

/** Makes the memory at least this large; views of the buffer have to be made afterwards. */
export function reserve(memory: Memory, bytes: number): void {
  const missing = bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / 65_536));
}

/** LEB128. */
export function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

const i32 = 0x7f;
const v128 = 0x7b;

function section(id: number, content: number[]): number[] {
  return [id, ...sized(content)];
}

function text(name: string): number[] {
  return sized([...name].map((each) => each.charCodeAt(0)));
}

/** Bytes with their count before them. */
function sized(content: number[]): number[] {
  return [...unsigned(content.length), ...content];
}
