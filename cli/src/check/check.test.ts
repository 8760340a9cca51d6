/** `coppice check` on the example: which models it judges, its exit codes, and the files it writes. */

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BudgetResult } from '#protocol/budget';
import { elementsOf } from '../../testing/xml';
import { main } from '../main';
import { githubCommands } from './github';
import { junitXml } from './junit';
import type { Outcome } from './outcome';

const example = resolve(__dirname, '../../../examples/fashion');
const home = process.cwd();
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'coppice-check-'));
  cpSync(join(example, 'models'), join(folder, 'models'), { recursive: true });
  process.chdir(folder);
});
afterEach(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true, force: true });
});

async function check(...args: readonly string[]) {
  let stdout = '';
  const notes: string[] = [];
  const code = await main(['check', ...args], {
    result: (text) => (stdout += text),
    note: (text) => notes.push(text),
    progress: () => undefined,
    settle: () => undefined,
    width: 100,
  });
  return { code, stdout, notes: notes.join('\n') };
}

async function outcome(...args: readonly string[]): Promise<Outcome & { code: number }> {
  const { code, stdout } = await check(...args, '--json');
  return { code, ...(JSON.parse(stdout) as Outcome) };
}

const verdicts = ({ results }: Outcome): string[] =>
  results.map(({ subject, budget, verdict }) => `${subject} ${budget.metric} ${verdict}`);

function recipeWith(budgets: string, output = 'build/small.onnx'): void {
  writeFileSync(
    'coppice.yaml',
    `model: models/fashion.onnx\ndevice: raspberry-pi-4\nsteps: [simplify: {}]\noutput: ${output}\nbudgets:\n${budgets}`,
  );
}

describe('coppice check', () => {
  it('judges what a recipe makes, and its model until that is there', async () => {
    recipeWith('  - { latency: 15 ms, size: 300 kB }\n');
    const before = await outcome();
    expect(verdicts(before)).toEqual([
      'models/fashion.onnx latency meets',
      'models/fashion.onnx size over',
    ]);
    expect(before).toMatchObject({ code: 1, passed: false });
    expect(before.results[1].budget.place).toMatchObject({ file: 'coppice.yaml', line: 6 });
    recipeWith('  - { latency: 15 ms }\n', 'models/made.onnx');
    cpSync('models/fashion.onnx', 'models/made.onnx');
    const after = await outcome('coppice.yaml');
    expect(verdicts(after)).toEqual(['models/made.onnx latency meets']);
    expect(after.code).toBe(0);
  });

  it('judges every model that the globs of a budget file match', async () => {
    cpSync('models/fashion.onnx', 'models/other.onnx');
    writeFileSync(
      'coppice.budgets.yaml',
      'device: raspberry-pi-4\nbudgets:\n  - params: 200 k\n  - { model: other.onnx, macs: 1 M }\n',
    );
    expect(verdicts(await outcome('.'))).toEqual([
      'models/fashion.onnx params meets',
      'models/other.onnx params meets',
      'models/other.onnx macs over',
    ]);
    // Models that are named are the only ones that are judged, by the budgets of this folder.
    expect(verdicts(await outcome('models/fashion.onnx'))).toEqual([
      'models/fashion.onnx params meets',
    ]);
  });

  it('takes budgets from the command line', async () => {
    const model = 'models/fashion.onnx';
    const met = await outcome(
      model,
      '--budget',
      'latency=15ms@raspberry-pi-4',
      '--budget',
      'size=1MB',
    );
    expect(verdicts(met)).toEqual([`${model} latency meets`, `${model} size meets`]);
    expect(await check(model, '--budget', 'macs=1M')).toMatchObject({ code: 1 });
  });

  it('passes where a budget is likely met or cannot be judged, unless it is strict', async () => {
    // The estimate is 0.76 ms, and 0.99 at the far end.
    const likely = ['models/fashion.onnx', '--budget', 'latency=0.8ms@raspberry-pi-4'];
    const { low, high, actual } = (await outcome(...likely)).results[0];
    const limit = (actual! + high!) / 2;
    expect(low).toBeLessThan(actual!);
    const args = ['models/fashion.onnx', '--budget', `latency=${limit}@raspberry-pi-4`];
    expect(await outcome(...args)).toMatchObject({ code: 0, counts: { likely: 1 } });
    expect(await outcome(...args, '--strict')).toMatchObject({ code: 1, passed: false });
    const accuracy = ['models/fashion.onnx', '--budget', 'accuracy=92%'];
    expect(await outcome(...accuracy)).toMatchObject({ code: 0, counts: { unknown: 1 } });
    expect(await outcome(...accuracy, '--strict')).toMatchObject({ code: 1 });
  });

  it('measures accuracy on data', async () => {
    const data = join(example, 'data/fashion-test.npz');
    const args = ['models/fashion.onnx', '--data', data, '--mean', '0.286', '--std', '0.353'];
    const { results } = await outcome(...args, '--limit', '100', '--budget', 'accuracy=80%');
    expect(results[0].verdict).toBe('meets');
    expect(results[0].actual).toBeGreaterThan(0.85);
  });

  it.each([
    ['  - { latency: 15 }\n  - { size: 15 ms }\n', 'coppice.yaml:7:13: `budgets.1.size`'],
    ['  - { device: raspberry-pi, latency: 1 ms }\n', 'There is no device "raspberry-pi"'],
    ['  - { latncy: 1 ms, size: 1 MB }\n', 'Did you mean `latency`?'],
  ])('answers bad budgets with their place and exit code 2: %j', async (budgets, message) => {
    recipeWith(budgets);
    const { code, notes } = await check();
    expect(code).toBe(2);
    expect(notes).toContain(message);
  });

  it.each([
    [[], 'no budgets were found'],
    [['nothing.onnx'], 'There is no file or folder nothing.onnx'],
    [['--budget', 'latency=15ms'], 'a latency needs a device'],
    [['--budget', 'size=15ms'], '"15ms" is not a size'],
    [['--budget', 'latncy=15ms'], 'Did you mean latency?'],
  ])('answers bad usage with exit code 2: %j', async (args, message) => {
    const { code, notes } = await check(...args);
    expect(code).toBe(2);
    expect(notes).toContain(message);
  });

  it('goes on behind a model that is missing or broken, and says so', async () => {
    writeFileSync('models/broken.onnx', 'this is no model');
    writeFileSync('coppice.budgets.yaml', 'budgets: [{ size: 1 MB }]');
    const result = await outcome();
    expect(verdicts(result)).toEqual(['models/fashion.onnx size meets']);
    expect(result.code).toBe(2);
    expect(result.issues[0].message).toContain('models/broken.onnx cannot be judged');
  });
});

interface Sarif {
  readonly $schema: string;
  readonly version: string;
  readonly runs: readonly {
    readonly tool: {
      readonly driver: { readonly name: string; readonly rules: readonly { id: string }[] };
    };
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly level: string;
      readonly message: { readonly text: string };
      readonly locations: readonly Location[];
      readonly relatedLocations?: readonly Location[];
      readonly partialFingerprints: Readonly<Record<string, string>>;
    }[];
  }[];
}

interface Location {
  readonly physicalLocation: {
    readonly artifactLocation: { readonly uri: string; readonly uriBaseId?: string };
    readonly region?: {
      readonly startLine: number;
      readonly startColumn: number;
      readonly endColumn: number;
    };
  };
}

describe('SARIF', () => {
  it('has a rule for each metric, and each finding at its budget with the model beside it', async () => {
    recipeWith('  - { latency: 0.1 ms, size: 300 kB, params: 1 M, accuracy: 92 % }\n');
    await check('--sarif', 'out.sarif');
    const log = JSON.parse(readFileSync('out.sarif', 'utf8')) as Sarif;
    expect(log).toMatchObject({
      version: '2.1.0',
      $schema: expect.stringContaining('sarif') as string,
    });
    const [run] = log.runs;
    const { rules } = run.tool.driver;
    expect(rules.map(({ id }) => id)).toEqual(
      ['latency', 'size', 'macs', 'params', 'accuracy'].map((metric) => `${metric}-budget`),
    );
    expect(run.results.map(({ ruleId, level }) => [ruleId, level])).toEqual([
      ['latency-budget', 'error'],
      ['size-budget', 'error'],
      ['accuracy-budget', 'note'],
    ]);
    const text = readFileSync('coppice.yaml', 'utf8').split('\n');
    const places = run.results.map(({ ruleId, ruleIndex, locations, relatedLocations }) => {
      expect(rules[ruleIndex].id).toBe(ruleId);
      const [{ physicalLocation }] = locations;
      const { startLine, startColumn, endColumn } = physicalLocation.region!;
      expect(relatedLocations?.[0].physicalLocation.artifactLocation).toEqual({
        uri: 'models/fashion.onnx',
        uriBaseId: '%SRCROOT%',
      });
      return text[startLine - 1].slice(startColumn - 1, endColumn - 1);
    });
    expect(places).toEqual(['latency: 0.1 ms', 'size: 300 kB', 'accuracy: 92 %']);
    const prints = run.results.map((each) => each.partialFingerprints['coppiceBudget/v1']);
    expect(new Set(prints).size).toBe(3);
  });

  it('is at the model where no file holds the budget, and empty where all is well', async () => {
    const model = 'models/fashion.onnx';
    const resultsOf = async (budget: string) => {
      await check(model, '--budget', budget, '--sarif', 'out.sarif');
      return (JSON.parse(readFileSync('out.sarif', 'utf8')) as Sarif).runs[0].results;
    };
    const [{ locations }] = await resultsOf('size=1kB');
    expect(locations[0].physicalLocation.artifactLocation.uri).toBe(model);
    expect(await resultsOf('size=1MB')).toEqual([]);
  });
});

describe('JUnit and workflow commands', () => {
  const nasty = 'a "b" <c> & d\u0007, 50 %:\n.onnx';
  const result = (verdict: BudgetResult['verdict']): BudgetResult => ({
    budget: { metric: 'size', value: 1000, device: null, place: null },
    subject: nasty,
    verdict,
    certain: true,
    actual: 2000,
    low: null,
    high: null,
    device: null,
    message: 'has 2 kB, 1 kB over its budget of 1 kB',
  });
  const all: Outcome = {
    version: 1,
    results: [result('over'), result('unknown'), result('likely'), result('meets')],
    counts: { meets: 1, likely: 1, over: 1, unknown: 1 },
    passed: false,
    strict: false,
    issues: [],
  };

  it('is well-formed XML that says the same again', () => {
    const elements = elementsOf(junitXml(all));
    const named = (name: string) => elements.filter((each) => each.name === name);
    expect(named('testsuites')[0].attributes).toMatchObject({ tests: '4', failures: '1' });
    expect(named('testsuite')[0].attributes.name).toBe(nasty.replace('\u0007', '\ufffd'));
    expect(named('testcase').map(({ attributes }) => attributes.name)).toEqual(
      Array.from({ length: 4 }, () => 'size ≤ 1 kB'),
    );
    expect(named('failure')).toHaveLength(1);
    expect(named('skipped')).toHaveLength(1);
    expect(
      elementsOf(junitXml({ ...all, strict: true })).filter((e) => e.name === 'failure'),
    ).toHaveLength(3);
  });

  it('keeps each workflow command on a line, whatever a model is called', () => {
    const lines = githubCommands(all);
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line).not.toContain('\n');
    expect(lines[0]).toMatch(/^::error file=[^,:]*,title=size-budget::a "b" .*%25/);
    expect(lines[0]).toContain('%2C 50 %25%3A%0A.onnx');
  });
});
