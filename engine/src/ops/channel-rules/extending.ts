/** Operators that make an axis of a given length: Tile, Expand, ConstantOfShape. */

import type { ChannelRule } from '../channel-rule';
import { labelsAt, limited, pinAll, readsAlong } from './basic';

/** The labels of a value repeated along its axes. */
export const tiling: ChannelRule = {
  label(context) {
    const shape = context.outputs[0]?.shape;
    context.labels(0).forEach((labels, axis) => {
      const extent = shape?.[axis];
      if (typeof extent !== 'number') return context.pin(labels, readsAlong(context));
      const from = context.inputs[0]?.shape?.[axis];
      if (from === extent) context.setOutput(0, axis, labels);
      else if (from === 1) context.setOutput(0, axis, context.fresh(extent));
      else if (labels) {
        const indices = Array.from({ length: limited(extent) }, (_, i) => i % labels.length);
        context.setOutput(0, axis, labelsAt(labels, indices));
      }
    });
  },
  cut(context) {
    const shape = context.inputs[0]?.shape ?? [];
    const repeats = context.inputs[1]?.content;
    if (!repeats) return;
    context.setIntegers(
      1,
      repeats.map((repeat, axis) =>
        shape[axis] === 1 ? (context.keptOfOutput(0, axis)?.length ?? repeat) : repeat,
      ),
    );
  },
};

/** An extent that Expand makes larger has no channels before and new ones after. */
export const expansion: ChannelRule = {
  label(context) {
    const from = context.inputs[0]?.shape;
    const shape = context.outputs[0]?.shape;
    if (!from || !shape) return pinAll(context, 0, readsAlong(context));
    shape.forEach((extent, axis) => {
      const own = axis - (shape.length - from.length);
      const isNew = own < 0 || (from[own] === 1 && extent !== 1);
      if (!isNew) context.setOutput(0, axis, context.labels(0)[own]);
      else if (typeof extent === 'number' && extent > 1) {
        context.setOutput(0, axis, context.fresh(extent));
      }
    });
  },
  cut(context) {
    const content = context.inputs[1]?.content;
    const rank = context.outputs[0]?.shape?.length ?? 0;
    if (!content) return;
    const sizes = content.map((dim, i) => {
      const kept = context.keptOfOutput(0, i + rank - content.length);
      return kept && dim !== 1 ? kept.length : dim;
    });
    context.setIntegers(1, sizes);
  },
};

/** A constant made from its shape has a length to be cut on every axis. */
export const fromShape: ChannelRule = {
  label(context) {
    context.outputs[0]?.shape?.forEach((extent, axis) => {
      if (typeof extent === 'number' && extent > 1)
        context.setOutput(0, axis, context.fresh(extent));
    });
  },
  cut(context) {
    const shape = context.outputs[0]?.shape ?? [];
    const sizes = shape.map((dim, axis) => context.keptOfOutput(0, axis)?.length ?? dim);
    context.setIntegers(0, sizes);
  },
};
