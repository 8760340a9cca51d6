/** A small runner for tests that share one costly thing, a browser or an editor, and so run in order. */

/** Takes pictures of what a failed test saw; returns lines to print below the failure. */
export type Witness = (name: string) => Promise<readonly string[]>;

export interface Outcome {
  readonly passed: number;
  readonly failed: number;
}

interface Case {
  readonly title: string;
  readonly body: () => Promise<void>;
}

/** Longest time for one test. Steps inside have shorter limits of their own. */
const testLimit = 180_000;

export class Suite {
  private readonly cases: Case[] = [];

  constructor(
    readonly title: string,
    private readonly witness: Witness,
    /** Runs before each test, and must bring back order after a failed one. */
    private readonly prepare: () => Promise<void> = async () => {},
  ) {}

  test(title: string, body: () => Promise<void>): void {
    this.cases.push({ title, body });
  }

  /** Runs the tests whose title contains `filter`, or one of its parts between `|`, one line each. */
  async run(filter: string): Promise<Outcome> {
    let passed = 0;
    let failed = 0;
    for (const { title, body } of this.cases) {
      const name = `${this.title}: ${title}`;
      if (!filter.split('|').some((part) => name.includes(part))) continue;
      const started = Date.now();
      try {
        await limited(this.prepare().then(body));
        passed++;
        console.log(`✓ ${name} (${seconds(started)})`);
      } catch (error) {
        failed++;
        console.log(`✗ ${name} (${seconds(started)})`);
        console.log(indented(excerpt(error)));
        const lines = await this.witness(fileName(name)).catch((reason: unknown) => [
          String(reason),
        ]);
        console.log(indented(lines.join('\n')));
      }
    }
    return { passed, failed };
  }
}

async function limited(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`longer than ${String(testLimit)} ms`)), testLimit);
  });
  try {
    await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** The beginning of the message and the test's own line: the rest is the driver's. */
function excerpt(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return [...error.message.split('\n').slice(0, 12), ...frames.slice(0, 4)].join('\n');
}

function seconds(since: number): string {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}

function fileName(title: string): string {
  return title.replace(/[^A-Za-z0-9]+/g, '-').toLowerCase();
}

function indented(text: string): string {
  return text.replace(/^/gm, '    ');
}
