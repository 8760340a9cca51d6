import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import onnxProto from 'onnx-proto';
import { Writer } from 'protobufjs/minimal';
import { afterAll, describe, expect, test } from 'vitest';
import { emptyGraph } from '../ir/empty-graph';
import type { Attribute, Graph, Model, Tensor } from '../ir/model';
import { floats, makeTensor, numbers } from '../ir/tensor';
import { allTensors } from './external-data';
import { SourcePayload } from './payloads';
import { readModel, readModelFile } from './read';
import { sharedModel, sharedModels } from './testing/shared-models';
import { encodeModel, writeModelFile } from './write';

const { onnx } = onnxProto;
const folder = mkdtempSync(join(tmpdir(), 'coppice-codec-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(sharedModels.length === 0)(
  'models of ../shared/models (skipped without them)',
  () => {
    test.each(sharedModels.map((path) => [basename(path), path]))(
      '%s comes back byte for byte',
      (_, path) => {
        const bytes = readFileSync(path);
        const { model, issues } = readModel(bytes);
        expect(issues).toEqual([]);
        expect(bytes.equals(encodeModel(model))).toBe(true);
      },
    );

    test.each(inlineModels().map((path) => [basename(path), path]))(
      '%s is copied from file to file byte for byte',
      (name, path) => {
        const { model, issues } = readModelFile(path);
        expect(issues).toEqual([]);
        const copy = join(folder, name);
        writeModelFile(model, copy);
        expect(readFileSync(path).equals(readFileSync(copy))).toBe(true);
      },
    );

    test.each(sharedModels.map((path) => [basename(path), path]))(
      '%s means the same to onnx-proto',
      (_, path) => {
        const bytes = readFileSync(path);
        const { model } = readModel(bytes);
        expect(Number(model.irVersion)).toBeLessThanOrEqual(8);
        compareModels(model, onnx.ModelProto.decode(bytes));
      },
    );

    test('edits leave everything else where it was', () => {
      const bytes = readFileSync(sharedModel('resnet8-cifar10.onnx'));
      const { model } = readModel(bytes);
      const graph = model.graph!;
      const before = graph.node.map((node) => node.name);
      const [first] = graph.initializer;
      graph.node.splice(3, 1);
      graph.initializer[0] = makeTensor(first.name!, 'float', [3], [1, 2, 3]);
      graph.initializer.push(makeTensor('added', 'int64', [2], [7, 8]));
      const again = readModel(encodeModel(model)).model.graph!;
      expect(again.node.map((node) => node.name)).toEqual(before.filter((_, i) => i !== 3));
      expect(again.initializer.map((tensor) => tensor.name)).toEqual(
        graph.initializer.map((tensor) => tensor.name),
      );
      expect(new Float32Array(again.initializer[0].rawData!.read().slice().buffer)).toEqual(
        new Float32Array([1, 2, 3]),
      );
      expect(again.initializer[1].rawData!.read()).toEqual(graph.initializer[1].rawData!.read());
    });

    test('large weights stay in the file until they are read', () => {
      const { model } = readModelFile(sharedModel('mobilenet_v2_1.0_224-fp32.onnx'));
      const whole = readModel(readFileSync(sharedModel('mobilenet_v2_1.0_224-fp32.onnx'))).model;
      model.graph!.initializer.forEach((tensor, i) => {
        const data = tensor.rawData!;
        expect(data instanceof SourcePayload).toBe(data.byteLength > 1024);
        expect(Buffer.compare(data.read(), whole.graph!.initializer[i].rawData!.read())).toBe(0);
      });
    });
  },
);

describe('wire details', () => {
  test('field order, unknown fields and both forms of lists survive', () => {
    const bytes = unusualModel();
    const { model, issues } = readModel(bytes);
    expect(issues).toEqual([]);
    expect(model.graph!.node[0].attribute[0].ints).toEqual([1, -1, 9007199254740993n]);
    const [tensor] = model.graph!.initializer;
    expect(Array.from(floats(tensor))).toEqual([1, 2]);
    expect(Buffer.from(encodeModel(model)).equals(bytes)).toBe(true);
  });

  test('what is added to a message in unusual order stands beside its kin', () => {
    const { model } = readModel(unusualModel());
    const graph = model.graph!;
    graph.node.push({ ...graph.node[0], name: 'second', origin: undefined });
    graph.docString = 'added';
    model.producerName = 'added too';
    const again = readModel(encodeModel(model)).model;
    expect(again.graph!.node.map((node) => node.name)).toEqual(['first', 'second']);
    expect(again.graph!.docString).toBe('added');
    expect(again.producerName).toBe('added too');
    expect(again.origin!.unknown).toEqual(model.origin!.unknown);
  });

  test('large unknown fields stay in the file and are copied', () => {
    const path = join(folder, 'training.onnx');
    const training = new Uint8Array(100_000).fill(7);
    const bytes = new Writer()
      .uint32(8)
      .int64(10)
      .uint32((20 << 3) | 2)
      .bytes(training)
      .finish();
    writeFileSync(path, bytes);
    const { model } = readModelFile(path);
    expect(model.origin!.unknown[0]).toBeInstanceOf(SourcePayload);
    writeModelFile(model, join(folder, 'training-copy.onnx'));
    expect(readFileSync(join(folder, 'training-copy.onnx')).equals(bytes)).toBe(true);
  });

  test('a graph given in two pieces is one graph', () => {
    const piece = (name: string): Uint8Array =>
      new Writer().uint32(10).fork().uint32(26).string(name).ldelim().finish();
    const bytes = new Writer().uint32(58).bytes(piece('a')).uint32(58).bytes(piece('b')).finish();
    const { model } = readModel(bytes);
    expect(model.graph!.node.map((node) => node.name)).toEqual(['a', 'b']);
    expect(readModel(encodeModel(model)).model.graph!.node.length).toBe(2);
  });

  test('a file that changed since is refused', () => {
    const path = join(folder, 'changing.onnx');
    const model = modelWith(makeTensor('w', 'float', [1000], new Float32Array(1000).fill(1)));
    writeModelFile(model, path);
    const read = readModelFile(path).model;
    expect(read.graph!.initializer[0].rawData!.read().byteLength).toBe(4000);
    writeFileSync(path, readFileSync(path).subarray(0, 3000));
    expect(() => read.graph!.initializer[0].rawData!.read()).toThrow(/changed after/);
    expect(() => writeModelFile(read, join(folder, 'out.onnx'))).toThrow(/changed after/);
    expect(() => statSync(join(folder, 'out.onnx'))).toThrow();
  });
});

function inlineModels(): string[] {
  return sharedModels.filter((path) => !path.includes('extdata'));
}

/** Graph before the version, an unknown field, packed attribute integers, unpacked float data. */
function unusualModel(): Buffer {
  const writer = new Writer();
  writer.uint32((7 << 3) | 2).fork();
  writer.uint32((5 << 3) | 2).fork();
  writer.uint32((8 << 3) | 2).string('w');
  writer.uint32((4 << 3) | 5).float(1);
  writer.uint32((4 << 3) | 5).float(2);
  writer.uint32((1 << 3) | 0).int64(2);
  writer.uint32((2 << 3) | 0).int32(1);
  writer.ldelim();
  writer.uint32((1 << 3) | 2).fork();
  writer.uint32((3 << 3) | 2).string('first');
  writer.uint32((5 << 3) | 2).fork();
  writer
    .uint32((8 << 3) | 2)
    .fork()
    .int64(1)
    .int64(-1);
  writer.int64({ low: 1, high: 0x200000, unsigned: false } as Parameters<Writer['int64']>[0]);
  writer.ldelim();
  writer.uint32((7 << 3) | 2).bytes(new Uint8Array());
  writer.ldelim();
  writer.ldelim();
  writer.ldelim();
  writer.uint32((99 << 3) | 2).string('from the future');
  writer.uint32((98 << 3) | 5).fixed32(5);
  writer.uint32((1 << 3) | 0).int64(14);
  return Buffer.from(writer.finish());
}

function modelWith(tensor: Tensor): Model {
  const graph: Graph = {
    ...emptyGraph(),
    initializer: [tensor],
  };
  return { irVersion: 10, graph, opsetImport: [], metadataProps: [], functions: [] };
}

type Proto = InstanceType<typeof onnx.ModelProto>;

function compareModels(ours: Model, theirs: Proto): void {
  expect(Number(theirs.irVersion)).toBe(Number(ours.irVersion));
  expect(ours.producerName ?? '').toBe(theirs.producerName);
  expect(ours.opsetImport.map((each) => [each.domain ?? '', Number(each.version)])).toEqual(
    theirs.opsetImport.map((each) => [each.domain, Number(each.version)]),
  );
  compareGraphs(ours.graph!, theirs.graph!);
  expect([...allTensors(ours)].length).toBeGreaterThan(0);
}

function compareGraphs(ours: Graph, theirs: NonNullable<Proto['graph']>): void {
  const names = (list: readonly { name?: string | null }[]): string[] =>
    list.map((each) => each.name ?? '');
  expect(ours.name ?? '').toBe(theirs.name ?? '');
  for (const field of ['node', 'initializer', 'input', 'output', 'valueInfo'] as const) {
    expect(names(ours[field])).toEqual(names(theirs[field] ?? []));
  }
  ours.initializer.forEach((tensor, i) => compareTensors(tensor, theirs.initializer![i]));
  ours.node.forEach((node, i) => {
    const other = theirs.node![i];
    expect([node.opType, node.domain ?? '']).toEqual([other.opType, other.domain ?? '']);
    expect(node.input).toEqual(other.input);
    expect(node.output).toEqual(other.output);
    expect(names(node.attribute)).toEqual(names(other.attribute!));
    node.attribute.forEach((each, a) => compareAttributes(each, other.attribute![a]));
  });
}

type AttributeProto = NonNullable<ConstructorParameters<typeof onnx.AttributeProto>[0]>;

function compareAttributes(ours: Attribute, theirs: AttributeProto): void {
  expect(ours.type ?? 0).toBe(theirs.type ?? 0);
  expect(ours.f ?? 0).toBe(theirs.f ?? 0);
  expect(BigInt(ours.i ?? 0)).toBe(BigInt(String(theirs.i ?? 0)));
  expect(Buffer.from(ours.s ?? [])).toEqual(Buffer.from(theirs.s ?? []));
  expect(ours.ints.map(BigInt)).toEqual((theirs.ints ?? []).map((each) => BigInt(String(each))));
  expect(Array.from(ours.floats)).toEqual(Array.from(theirs.floats ?? []));
  if (ours.t) compareTensors(ours.t, theirs.t!);
  if (ours.g) compareGraphs(ours.g, theirs.g! as NonNullable<Proto['graph']>);
}

type TensorProto = NonNullable<AttributeProto['t']>;

function compareTensors(ours: Tensor, theirs: TensorProto): void {
  expect(ours.dims.map(Number)).toEqual((theirs.dims ?? []).map(Number));
  expect(ours.dataType).toBe(theirs.dataType);
  const none = new Uint8Array();
  expect(Buffer.compare(ours.rawData?.read() ?? none, theirs.rawData ?? none)).toBe(0);
  if (ours.floatData) expect(floats(ours)).toEqual(Float32Array.from(theirs.floatData!));
  if (ours.int64Data) expect(numbers(ours)).toEqual(theirs.int64Data!.map(Number));
}
