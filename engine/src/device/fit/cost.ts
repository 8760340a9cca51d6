/** Between the numbers of a fit and the cost of a profile. */

import type { RooflineCost } from '../profile';
import type { Fleet } from './fleet';
import type { Layout } from './terms';

/** Of one of the devices of a fleet, in four digits, which is more than the data hold. */
export function costOf({ layout, constants, devices }: Fleet, index: number): RooflineCost {
  const shape = layout.constants.map((name, i) => [name, rounded(constants[i])]);
  return {
    ...ratesToCost(layout, devices[index].logRates),
    shape: Object.fromEntries(shape) as Record<string, number>,
  };
}

export function ratesToCost(layout: Layout, logRates: Float64Array): Omit<RooflineCost, 'shape'> {
  const rates = Array.from(logRates, (each) => rounded(Math.exp(each)));
  const count = layout.classes.length;
  const classes = layout.classes.map((name, i) => [name, rates[i]]);
  return {
    form: 'roofline',
    classes: Object.fromEntries(classes) as Record<string, number>,
    memory: rates[count],
    overhead: rates[count + 1],
  };
}

/** In the order of a layout of all its classes. */
export function logRatesOf(cost: RooflineCost, { classes }: Layout): Float64Array {
  const rates = [...classes.map((name) => cost.classes[name]), cost.memory, cost.overhead];
  return Float64Array.from(rates, Math.log);
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
