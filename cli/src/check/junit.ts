/** What was checked as JUnit XML, which every CI system shows: a suite for each model. */

import type { BudgetResult } from '#protocol/budget';
import { fails, type Outcome } from './outcome';
import { budgetText } from './table';

export function junitXml({ results, strict }: Outcome): string {
  const models = [...new Set(results.map(({ subject }) => subject))];
  const failures = results.filter((result) => fails(result, strict)).length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="coppice check" tests="${results.length}" failures="${failures}">`,
    ...models.flatMap((model) =>
      suite(
        model,
        results.filter(({ subject }) => subject === model),
        strict,
      ),
    ),
    '</testsuites>',
    '',
  ].join('\n');
}

function suite(model: string, results: readonly BudgetResult[], strict: boolean): string[] {
  const failures = results.filter((result) => fails(result, strict)).length;
  const skipped = strict ? 0 : results.filter(({ verdict }) => verdict === 'unknown').length;
  const counts = `tests="${results.length}" failures="${failures}" skipped="${skipped}"`;
  return [
    `  <testsuite name="${escaped(model)}" ${counts}>`,
    ...results.flatMap((result) => testCase(result, strict)),
    '  </testsuite>',
  ];
}

function testCase(result: BudgetResult, strict: boolean): string[] {
  const { subject, message, verdict, budget } = result;
  const { place } = budget;
  const where = place ? ` file="${escaped(place.file)}" line="${place.line}"` : '';
  const text = escaped(`${subject} ${message}.`);
  const type = `${budget.metric}-budget`;
  const body = fails(result, strict)
    ? `<failure type="${type}" message="${text}"/>`
    : verdict === 'unknown'
      ? `<skipped message="${text}"/>`
      : `<system-out>${text}</system-out>`;
  return [
    `    <testcase classname="${escaped(subject)}" name="${escaped(budgetText(result))}"${where}>`,
    `      ${body}`,
    '    </testcase>',
  ];
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

/** Characters that XML 1.0 has no way to write become the one that stands for them. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"]/g, (each) => entities[each])
    .replace(/[\t\n\r]/g, (each) => `&#${each.charCodeAt(0)};`);
}
