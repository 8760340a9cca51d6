/** If, Loop and Scan: outer values keep their labels inside, carried values are one with themselves. */

import { graphAttribute, intAttribute } from '../../ir/attributes';
import type { ChannelRule, LabelContext, Labels } from '../channel-rule';
import { pinAll } from './basic';

/** Both branches give the outputs, so their channels are coupled. */
export const branching: ChannelRule = {
  label(context) {
    const results = ['then_branch', 'else_branch'].flatMap((name) => {
      const graph = graphAttribute(context.node, name);
      return graph ? [context.subgraph(graph, [])] : [];
    });
    context.outputs.forEach((output, i) => {
      output?.shape?.forEach((_, axis) => {
        const given = results.map((labels) => labels[i]?.[axis]);
        const met = given.reduce((all, labels) => context.meet(all, labels));
        context.setOutput(i, axis, met);
      });
      if (!output?.shape) pinResults(context, results, i);
    });
  },
};

function pinResults(
  context: LabelContext,
  results: readonly (readonly Labels[])[],
  output: number,
): void {
  for (const result of results) {
    for (const labels of result[output] ?? []) {
      context.pin(labels, 'the branches of If give different shapes');
    }
  }
}

/** Loop: trip count, condition, carried values; the body gives condition, carried values, scans. */
export const looping: ChannelRule = {
  label(context) {
    const body = graphAttribute(context.node, 'body');
    if (!body) return;
    const count = Math.max(0, context.node.input.length - 2);
    const carried = Array.from({ length: count }, (_, i) => carriedLabels(context, i + 2));
    const results = context.subgraph(body, [[], [], ...carried]);
    carried.forEach((labels, i) => close(context, labels, results[i + 1] ?? [], i));
    for (let i = count; i < context.outputs.length; i++) {
      results[i + 1]?.forEach((labels, axis) => context.setOutput(i, axis + 1, labels));
    }
  },
};

/** Scan: carried values, then sequences that are read one slice at a time. */
export const scanning: ChannelRule = {
  label(context) {
    const body = graphAttribute(context.node, 'body');
    const scanned = intAttribute(context.node, 'num_scan_inputs', 0);
    const isPlain = !context.node.attribute.some((each) => each.name?.endsWith('_axes'));
    if (!body || !isPlain || context.opset < 9) {
      return context.node.input.forEach((_, i) => pinAll(context, i, 'Scan cuts it into slices'));
    }
    const count = context.node.input.length - scanned;
    const carried = Array.from({ length: count }, (_, i) => carriedLabels(context, i));
    const slices = Array.from({ length: scanned }, (_, i) => context.labels(count + i).slice(1));
    const results = context.subgraph(body, [...carried, ...slices]);
    carried.forEach((labels, i) => close(context, labels, results[i] ?? [], i));
    for (let i = count; i < context.outputs.length; i++) {
      results[i]?.forEach((labels, axis) => context.setOutput(i, axis + 1, labels));
    }
  },
};

function carriedLabels(context: LabelContext, input: number): Labels {
  return context.labels(input);
}

/** What an iteration gives is what the next one takes. */
function close(context: LabelContext, before: Labels, after: Labels, output: number): void {
  const rank = Math.max(before.length, after.length);
  for (let axis = 0; axis < rank; axis++) {
    context.setOutput(output, axis, context.meet(before[axis], after[axis]));
  }
}
