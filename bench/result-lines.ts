/**
 * Results of a long benchmark as JSON lines: every case is written as soon as it is measured, and a
 * run that is started again with the same file measures only what is missing.
 */

import { appendFileSync, existsSync, readFileSync } from 'node:fs';

export class ResultLines<Result extends object> {
  private readonly results: Result[] = [];
  private readonly known = new Map<string, Result>();

  /**
   * @param file where the results are kept; only in memory where it is undefined.
   * @param key what tells one case from another.
   */
  constructor(
    private readonly file: string | undefined,
    private readonly key: (result: Result) => string,
  ) {
    if (!file || !existsSync(file)) return;
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      if (line) this.take(JSON.parse(line) as Result);
    }
  }

  get all(): readonly Result[] {
    return this.results;
  }

  find(key: string): Result | undefined {
    return this.known.get(key);
  }

  add(result: Result): void {
    this.take(result);
    if (this.file) appendFileSync(this.file, `${JSON.stringify(result)}\n`);
  }

  /** A later line for the same case replaces the earlier one. */
  private take(result: Result): void {
    const key = this.key(result);
    const earlier = this.known.get(key);
    if (earlier) this.results.splice(this.results.indexOf(earlier), 1);
    this.known.set(key, result);
    this.results.push(result);
  }
}
