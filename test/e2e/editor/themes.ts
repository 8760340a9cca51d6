/** The report in the editor's own themes. */
import { expectAccessible, picture } from '../browser';
import { openSample } from './report';
import type { Scenario } from './scenarios';

const looks = [
  { name: 'light', theme: 'Light Modern', className: 'vs' },
  { name: 'dark', theme: 'Dark Modern', className: 'vs-dark' },
  { name: 'high-contrast', theme: 'Default High Contrast', className: 'hc-black' },
  { name: 'high-contrast-light', theme: 'Default High Contrast Light', className: 'hc-light' },
] as const;

export const themes: Scenario = (suite, workbench) => {
  const { page } = workbench;
  for (const { name, theme, className } of looks) {
    suite.test(`the report in ${theme} has no accessibility violation`, async () => {
      await workbench.useTheme(theme, className);
      const frame = await openSample(workbench);
      await picture(page, `editor-report-${name}`);
      await expectAccessible(frame);
    });
  }
};
