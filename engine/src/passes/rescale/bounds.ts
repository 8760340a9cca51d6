/** The bounds of Clip, wherever a model keeps them: attributes before version 11, inputs since. */

import { floatAttribute } from '../../ir/attributes';
import type { GraphIndex } from '../../ir/graph-index';
import type { Node } from '../../ir/model';
import { numbers } from '../../ir/tensor';
import { constantOf } from '../recovery/constants';

export interface Bounds {
  /** −Infinity and Infinity where there is none. */
  readonly least: number;
  readonly most: number;
}

/** Undefined for other operators, and for bounds that are computed. */
export function boundsOf(node: Node, index: GraphIndex): Bounds | undefined {
  if (node.opType !== 'Clip') return undefined;
  const least = bound(node, 'min', 1, -Infinity, index);
  const most = bound(node, 'max', 2, Infinity, index);
  return least === undefined || most === undefined ? undefined : { least, most };
}

function bound(
  node: Node,
  name: string,
  input: number,
  none: number,
  index: GraphIndex,
): number | undefined {
  if (!node.input[input]) return unbounded(floatAttribute(node, name, none));
  const tensor = constantOf(index, node.input[input]);
  return tensor && unbounded(numbers(tensor)[0]);
}

/** The largest float32 says that there is no bound. */
function unbounded(value: number): number {
  return Math.abs(value) < 3.4028234e38 ? value : Math.sign(value) * Infinity;
}
