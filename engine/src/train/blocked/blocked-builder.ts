/**
 * Builds the same graph with values laid out in blocks of channels: [N, C/b, H, W, b] instead of
 * [N, C, H, W], which is how ONNX Runtime's own convolutions for the CPU want them (NCHWc; its
 * operators are in the domain `com.microsoft.nchwc`). It lays out models anew by itself, but only
 * where weights are constant, as they never are in training.
 *
 * A value lies blocked from the first operator that gains by it to the first that cannot read it so;
 * it is then reordered, once. A blocked tensor has the sizes [N, C′, H, W] with C′ = C rounded up to
 * whole blocks; the channels beyond C hold finite numbers without meaning, which weights of zero keep
 * from everything that counts.
 */

import type { AttributeValue } from '../../ir/attributes';
import { capturedValues } from '../../ir/graph-index';
import type { Model, Node } from '../../ir/model';
import type { GraphWriter } from '../../ops/gradient';
import { GraphBuilder } from '../graph-builder';
import { blockedRules } from './rules';

export const blockedDomain = 'com.microsoft.nchwc';

/** What a rule sees and writes with. */
export interface BlockedWriter extends GraphWriter {
  /** Channels in a block. */
  readonly block: number;
  /** The next multiple of the block. */
  whole(channels: number): number;
  liesBlocked(value: string): boolean;
  /** The blocked tensor of a value with four axes; reorders it where it does not lie so. */
  blocked(value: string): string;
  /** The value as the model means it. */
  plain(value: string): string;
  /** An operator on blocked tensors. */
  emitBlocked(
    op: string,
    inputs: readonly string[],
    dims: readonly number[],
    attributes?: Readonly<Record<string, AttributeValue>>,
  ): string;
  /** Says that an output of a node lies blocked, with that many channels. */
  giveBlocked(output: string, blocked: string, channels: number): void;
  /** Says which plain tensor an output of a node is. */
  give(output: string, value: string): void;
  /** The same node with other inputs. */
  restate(node: Node, inputs: readonly string[]): string;
}

export class BlockedBuilder extends GraphBuilder implements BlockedWriter {
  private readonly laidOut = new Map<string, string>();
  /** Values of which there is only the blocked tensor so far. */
  private readonly onlyBlocked = new Set<string>();

  constructor(readonly block: number) {
    super();
  }

  override add(node: Node): void {
    if (blockedRules[node.opType ?? '']?.(node, this)) return;
    for (const input of node.input) this.plain(input);
    for (const input of capturedValues(node)) this.plain(input);
    super.add(node);
  }

  override emitAs(name: string, value: string): void {
    if (!this.onlyBlocked.has(value)) super.emitAs(name, value);
    else this.giveBlocked(name, this.laidOut.get(value)!, this.shape(value)[1]);
  }

  override model(outputs: readonly string[]): Model {
    for (const output of outputs) this.plain(output);
    const model = super.model(outputs);
    return {
      ...model,
      opsetImport: [...model.opsetImport, { domain: blockedDomain, version: 1 }],
    };
  }

  whole(channels: number): number {
    return Math.ceil(channels / this.block) * this.block;
  }

  liesBlocked(value: string): boolean {
    return this.laidOut.has(value);
  }

  blocked(value: string): string {
    const found = this.laidOut.get(value);
    if (found) return found;
    const [batch, channels, ...map] = this.shape(value);
    const more = this.whole(channels) - channels;
    const whole = more === 0 ? value : this.padChannels(value, more);
    const result = this.emitBlocked('ReorderInput', [whole], [batch, channels + more, ...map]);
    this.laidOut.set(value, result);
    return result;
  }

  emitBlocked(
    op: string,
    inputs: readonly string[],
    dims: readonly number[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): string {
    const output = this.emit(op, inputs, attributes, blockedDomain);
    this.types.set(output, { dtype: 'float', shape: dims });
    return output;
  }

  giveBlocked(output: string, blocked: string, channels: number): void {
    const [batch, , ...map] = this.shape(blocked);
    this.laidOut.set(output, blocked);
    this.onlyBlocked.add(output);
    this.types.set(output, { dtype: 'float', shape: [batch, channels, ...map] });
  }

  give(output: string, value: string): void {
    super.emitAs(output, value);
  }

  restate(node: Node, inputs: readonly string[]): string {
    const output = this.freshName(node.opType ?? '');
    this.append({ ...node, name: undefined, input: [...inputs], output: [output] });
    return output;
  }

  plain(value: string): string {
    if (!this.onlyBlocked.delete(value)) return value;
    const attribute = { channels: this.shape(value)[1] };
    const ordered = this.emit(
      'ReorderOutput',
      [this.laidOut.get(value)!],
      attribute,
      blockedDomain,
    );
    this.types.set(ordered, this.types.get(value)!);
    super.emitAs(value, ordered);
    return value;
  }

  private padChannels(value: string, more: number): string {
    return this.emit('Pad', [value, this.integers([0, 0, 0, 0, 0, more, 0, 0])]);
  }
}
