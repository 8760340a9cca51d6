/**
 * Reverse-mode differentiation of a graph: the tape remembers what was computed in which order, and
 * is then gone through backwards. What needs no gradient gets none.
 */

import { CoppiceError } from '../ir/issue';
import type { Node } from '../ir/model';
import { nodeLabel } from '../ir/naming';
import type { Gradient, Saved } from '../ops/gradient';
import { gradientOf } from '../ops/gradients';
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
    this.entries.push({ node, saved: saved ?? {}, gradient });
    if (node.input.some((name) => this.active.has(name))) {
      for (const name of node.output) if (name) this.active.add(name);
    }
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
    for (const { node, saved, gradient } of this.entries.toReversed()) {
      const wanted = node.input.some((name) => this.active.has(name));
      if (!wanted || !node.output.some((name) => sums.has(name))) continue;
      if (!gradient) throw noGradient(node);
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
}

function noGradient(node: Node): CoppiceError {
  return new CoppiceError(
    'no-gradient',
    `${nodeLabel(node)} (${node.opType}) has no gradient rule, and layers before it are to be trained. Freeze them, or train from there on.`,
  );
}
