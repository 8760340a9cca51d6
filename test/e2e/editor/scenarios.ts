/** All scenarios, in the order they run: later ones rely on the trust that the first one gives. */
import type { Suite } from '../suite';
import { budgetScenario } from './budgets';
import { compress } from './compress';
import { hints } from './hints';
import { languages } from './languages';
import { latency } from './latency';
import { report } from './report';
import { sensitivity } from './sensitivity';
import { themes } from './themes';
import { training } from './training';
import { trust } from './trust';
import type { Workbench } from './workbench';

/** Adds its tests to the suite. */
export type Scenario = (suite: Suite, workbench: Workbench) => void;

export const scenarios: readonly Scenario[] = [
  trust,
  languages,
  report,
  themes,
  hints,
  latency,
  sensitivity,
  budgetScenario,
  compress,
  training,
];
