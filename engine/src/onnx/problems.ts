/** What goes wrong while a file is decoded, told with its place in the model and in the file. */

import type { Issue } from '../ir/issue';
import type { Node } from '../ir/model';
import { nodeLabel } from '../ir/naming';
import type { FieldValues } from './entries';
import type { Field } from './schema';

const maxIssues = 50;
const tooMany = `More than ${maxIssues} problems were found; the rest of the file was not read.`;

/** A problem that ends the message in which it occurs. */
export class Malformed extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** A problem that ends reading altogether. */
export class Hopeless extends Malformed {}

export interface Problem {
  readonly code: string;
  /** Follows the place in a sentence. */
  readonly problem: string;
  readonly offset: number;
  /** The field within the message that is being read. */
  readonly leaf?: string;
  readonly severity?: Issue['severity'];
}

export class Problems {
  readonly issues: Issue[] = [];
  /** The messages around the place that is being read; the index is -1 for a singular field. */
  readonly path: { field: Field; index: number; values: FieldValues }[] = [];

  /** Adds an issue. Throws `Hopeless` when there are too many. */
  report({ code, problem, offset, leaf, severity = 'error' }: Problem): void {
    if (this.issues.length === maxIssues) throw new Hopeless('too-many-problems', tooMany);
    const message = `At byte ${offset}, ${this.place(leaf)}: ${problem}.`;
    this.issues.push({ severity, code, message, offset, node: this.node() });
  }

  /** Adds the issue that ended reading. */
  conclude({ code, message }: Hopeless, offset: number): void {
    this.issues.push({ severity: 'error', code, message, offset });
  }

  private place(leaf: string | undefined): string {
    const steps = this.path.map(({ field, index }) =>
      index < 0 ? field.protoName : `${field.protoName}[${index}]`,
    );
    return [...steps, ...(leaf ? [leaf] : [])].join('.') || 'the model';
  }

  private node(): string | undefined {
    const holder = this.path.findLast(({ field }) => field.message?.name === 'NodeProto');
    return holder && nodeLabel(holder.values as unknown as Node);
  }
}
