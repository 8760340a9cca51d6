/**
 * Reverse-mode differentiation of a graph: the tape remembers what was computed in which order, and
 * is then gone through backwards. What needs no gradient gets none.
 */

import { CoppiceError } from '../ir/issue';
import { makeAttribute } from '../ir/attributes';
import { capturedValues } from '../ir/graph-index';
import type { Node } from '../ir/model';
import { nodeLabel } from '../ir/naming';
import type { Gradient, GraphWriter, Saved } from '../ops/gradient';
import { sourcesOf } from './branches';
import { gradientOf } from '../ops/gradients';
import { compositionOf } from '../ops/gradients/composition';
import type { GraphBuilder } from './graph-builder';

/** An input that is fed 0 with this probability, and otherwise what makes up for it. */
export interface Mask {
  readonly name: string;
  readonly ratio: number;
}

interface Entry {
  readonly node: Node;
  readonly saved: Saved;
  readonly gradient: Gradient | undefined;
  /** Why there is no gradient, where that is known better than by the operator. */
  readonly why?: string;
}

export class Tape {
  private readonly entries: Entry[] = [];
  /** Values that depend on what is trained. */
  private readonly active: Set<string>;
  /** Constants that the step changes besides what is trained, with what they become. */
  readonly updates = new Map<string, string>();
  readonly masks: Mask[] = [];

  /** @param trained values that gradients are wanted of. */
  constructor(
    private readonly build: GraphBuilder,
    private readonly trained: readonly string[],
  ) {
    this.active = new Set(trained);
  }

  /** Adds a node to the graph, in the form in which it is trained. */
  record(node: Node, training: boolean): void {
    const write = this.writer(`@${node.output.find(Boolean)}`, training);
    const made = compositionOf(node)?.(node, write, this.isActive(node));
    if (made === undefined) return this.recordWhole(node, training);
    if (typeof made === 'object' && 'why' in made) {
      return this.recordWhole(node, training, made.why);
    }
    const values = typeof made === 'string' ? [made] : made;
    for (const [i, name] of node.output.entries()) {
      const value = values[i];
      if (!name || !value) continue;
      const identity = { opType: 'Identity', input: [value], output: [name] };
      this.recordWhole({ ...identity, attribute: [], metadataProps: [] }, training);
    }
  }

  /** Records what is written; values are called after `name`. */
  private writer(name: string, training: boolean): GraphWriter {
    let count = 0;
    const emitAll: GraphWriter['emitAll'] = (opType, input, outputs, attributes = {}) => {
      const output = Array.from({ length: outputs }, () => `${name}.${count++}`);
      const attribute = Object.entries(attributes).map(([key, value]) => makeAttribute(key, value));
      const node = { opType, input: [...input], output, attribute, metadataProps: [] };
      this.recordWhole(node, training);
      return output;
    };
    const { build } = this;
    return {
      emit: (op, inputs, attributes) => emitAll(op, inputs, 1, attributes)[0],
      emitAll,
      floats: (values, dims) => build.floats(values, dims),
      integers: (values) => build.integers(values),
      shape: (value) => build.shape(value),
      constant: (value) => build.constant(value),
      dtype: (value) => build.dtype(value),
    };
  }

  private recordWhole(node: Node, training: boolean, why?: string): void {
    const gradient = gradientOf(node.opType);
    const renamed = new Map<string, string>();
    const saved = gradient?.forward?.({
      node,
      write: this.build,
      training,
      output: (index, value) => renamed.set(node.output[index], value),
      update: (input, value) => this.updates.set(node.input[input], value),
      mask: (dims, ratio) => {
        const name = `@mask.${this.masks.length}`;
        this.masks.push({ name, ratio });
        return this.build.input(name, 'float', dims);
      },
    });
    if (!saved) this.build.add(node);
    for (const [name, value] of renamed) this.build.emitAs(name, value);
    this.entries.push({ node, saved: saved ?? {}, gradient, why });
    if (this.isActive(node)) for (const name of node.output) if (name) this.active.add(name);
  }

  /** Whether a node reads what depends on what is trained, inside of its subgraphs or not. */
  private isActive(node: Node): boolean {
    const reads = (name: string) => this.active.has(name);
    return node.input.some(reads) || [...capturedValues(node)].some(reads);
  }

  /**
   * Writes the backward pass.
   *
   * @returns the gradient of a scalar with respect to each trained value; undefined for what it
   * does not depend on.
   * @throws CoppiceError `no-gradient` where one would have to pass an operator without a rule.
   */
  gradients(loss: string): (string | undefined)[] {
    const sums = new Map<string, string[]>([[loss, [this.build.floats(1)]]]);
    const total = (name: string): string | undefined => {
      const terms = sums.get(name);
      if (!terms) return undefined;
      // Not one sum of all, which the runtime adds up on a single thread.
      if (terms.length > 1) {
        sums.set(name, [terms.reduce((sum, term) => this.build.emit('Add', [sum, term]))]);
      }
      return sums.get(name)![0];
    };
    for (const { node, saved, gradient, why } of this.entries.toReversed()) {
      if (!this.isActive(node) || !node.output.some((name) => sums.has(name))) continue;
      if (!gradient) throw noGradient(node, why ?? this.whyOf(node));
      gradient.backward({
        node,
        saved,
        write: this.build,
        gradient: (output) => total(node.output[output]),
        wants: (input) => this.active.has(node.input[input]),
        give: (input, value) => {
          const name = node.input[input];
          if (!this.active.has(name)) return;
          const terms = sums.get(name);
          if (terms) terms.push(value);
          else sums.set(name, [value]);
        },
      });
    }
    return this.trained.map(total);
  }

  private whyOf({ opType, input: [condition] }: Node): string {
    if (opType !== 'If') return 'it has no gradient rule';
    const nodes = this.entries.map(({ node }) => node);
    const inputs = sourcesOf(condition, nodes).filter((name) => !this.build.constant(name));
    const names = inputs.map((name) => `"${name}"`).join(' and ');
    return `which of its branches is taken is only known when it runs, because "${condition}" depends on ${names}: give it a value that is the same for all samples, with the data or as an initializer of the same name`;
  }
}

function noGradient(node: Node, why: string): CoppiceError {
  return new CoppiceError(
    'no-gradient',
    `${nodeLabel(node)} (${node.opType}) cannot be trained through: ${why}. Freeze it and the layers before it, or train from there on.`,
  );
}
