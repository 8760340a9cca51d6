/** The values of one graph during inference, seen through the graphs that enclose it. */

import type { Graph, Tensor, ValueInfo } from '../ir/model';
import type { ValueType } from './op';

export class Scope {
  private readonly types = new Map<string, ValueType>();
  private readonly constants = new Map<string, Tensor>();
  private declarations: Map<string, ValueInfo> | undefined;

  constructor(
    readonly graph: Graph,
    readonly parent?: Scope,
  ) {}

  type(name: string): ValueType | undefined {
    return this.types.get(name) ?? (this.has(name) ? undefined : this.parent?.type(name));
  }

  /** The tensor behind a value that is an initializer or a Constant. */
  constant(name: string): Tensor | undefined {
    return this.constants.get(name) ?? (this.has(name) ? undefined : this.parent?.constant(name));
  }

  setType(name: string, type: ValueType | undefined): void {
    this.own.add(name);
    if (type) this.types.set(name, type);
    else this.types.delete(name);
  }

  setConstant(name: string, tensor: Tensor): void {
    this.own.add(name);
    this.constants.set(name, tensor);
  }

  /** What the file says of a value that is neither input nor initializer. */
  declaration(name: string): ValueInfo | undefined {
    this.declarations ??= new Map(
      [...this.graph.output, ...this.graph.valueInfo].map((info) => [info.name ?? '', info]),
    );
    return this.declarations.get(name);
  }

  /** Names this graph defines, which hide those of the graphs around it. */
  private readonly own = new Set<string>();

  private has(name: string): boolean {
    return this.own.has(name);
  }
}
