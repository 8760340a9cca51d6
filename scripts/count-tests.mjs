// Adds up the tests of all suites and prints `N passed, N failed`; exits 1 when anything failed.
// Arguments: result files `{ numPassedTests, numFailedTests }`, then how many checks failed.
import { existsSync, readFileSync } from 'node:fs';

const files = process.argv.slice(2, -1);
const failedChecks = Number(process.argv.at(-1));
let passed = 0;
let failed = 0;
for (const file of files) {
  if (!existsSync(file)) continue;
  const result = JSON.parse(readFileSync(file, 'utf8'));
  passed += result.numPassedTests;
  failed += result.numFailedTests;
}
// A check can fail without a failed test: a build that breaks, a lint error.
failed = Math.max(failed, failedChecks);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
