/**
 * Whether a model keeps the rules of ONNX that everything else relies on (onnx/docs/IR.md): each
 * value is made once and before it is used, operators come from imported sets, tensors hold what
 * they say.
 */

import { subgraphs } from './graph-index';
import type { Issue } from './issue';
import type { FunctionDefinition, Model, OpsetImport } from './model';
import { normalDomain } from './opset';
import { ValidationReport } from './validation-report';
import { GraphValidator } from './validate-graph';

/** The problems of a model, in the order in which they occur; takes time linear in its size. */
export function validateModel(model: Model): Issue[] {
  const report = new ValidationReport();
  if (model.opsetImport.length === 0) {
    report.error(
      'missing-opset',
      'The model imports no operator set, so its operators have no meaning.',
    );
  }
  const domains = importedDomains(model.opsetImport, report);
  if (model.graph) {
    new GraphValidator(report, domains).mainGraph(model.graph);
  } else {
    report.error('no-graph', 'The model holds no graph.');
  }
  for (const each of model.functions) {
    const own = each.opsetImport.length > 0 ? importedDomains(each.opsetImport, report) : domains;
    new GraphValidator(report, own, each).functionBody(each);
  }
  checkCalls(model.functions, report);
  return report.issues;
}

function importedDomains(imports: readonly OpsetImport[], report: ValidationReport): Set<string> {
  const versions = new Map<string, number>();
  for (const each of imports) {
    const domain = normalDomain(each.domain);
    const version = Number(each.version ?? 0);
    if ((versions.get(domain) ?? version) !== version) {
      report.error(
        'duplicate-opset',
        `The operator set "${domain || 'ai.onnx'}" is imported in two versions.`,
      );
    }
    versions.set(domain, version);
  }
  return new Set(versions.keys());
}

/** Functions must be defined once, and must not call themselves, not even through others. */
function checkCalls(functions: readonly FunctionDefinition[], report: ValidationReport): void {
  const byKey = new Map<string, FunctionDefinition>();
  for (const each of functions) {
    const key = functionKey(each.domain, each.name, each.overload);
    if (byKey.has(key)) {
      report.error('duplicate-function', `The function "${each.name ?? ''}" is defined twice.`);
    }
    byKey.set(key, each);
  }
  const calls = new Map([...byKey].map(([key, each]) => [key, calledFunctions(each, byKey)]));
  const callers = new Map([...byKey.keys()].map((key) => [key, 0]));
  for (const called of calls.values()) {
    for (const key of called) callers.set(key, callers.get(key)! + 1);
  }
  // Functions that nobody left calls are peeled off; what cannot be peeled calls itself.
  const peeled = [...callers].filter(([, count]) => count === 0).map(([key]) => key);
  for (const key of peeled) {
    for (const called of calls.get(key)!) {
      const left = callers.get(called)! - 1;
      callers.set(called, left);
      if (left === 0) peeled.push(called);
    }
  }
  if (peeled.length === byKey.size) return;
  const done = new Set(peeled);
  const [, stuck] = [...byKey].find(([key]) => !done.has(key))!;
  report.error(
    'recursive-function',
    `The function "${stuck.name ?? ''}" calls itself, or is called by one that does.`,
  );
}

function calledFunctions(
  body: FunctionDefinition,
  known: ReadonlyMap<string, FunctionDefinition>,
): Set<string> {
  const called = new Set<string>();
  const pending = [body.node];
  for (const nodes of pending) {
    for (const node of nodes) {
      const key = functionKey(node.domain, node.opType, node.overload);
      if (known.has(key)) called.add(key);
      for (const graph of subgraphs(node)) pending.push(graph.node);
    }
  }
  return called;
}

function functionKey(domain?: string, name?: string, overload?: string): string {
  return JSON.stringify([normalDomain(domain), name ?? '', overload ?? '']);
}
