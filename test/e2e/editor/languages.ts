/** Which language a file is opened in, and that its grammar is at work. */
import assert from 'node:assert/strict';
import type { Scenario } from './scenarios';

export const languages: Scenario = (suite, workbench) => {
  const { page } = workbench;

  suite.test(
    'coppice.yaml is a recipe, with its keys and passes in colours of their own',
    async () => {
      await workbench.openFile('coppice.yaml');
      await page.locator('#status\\.editor\\.mode').getByText('Coppice Recipe').waitFor();
      await workbench.line(/^\s*- prune:/);
      const classOf = (text: string) =>
        page
          .locator('.view-line span span', { hasText: new RegExp(`^\\s*${text}$`) })
          .first()
          .getAttribute('class');
      const section = await workbench.until('colours', async () => {
        const [key, pass] = [await classOf('steps'), await classOf('prune')];
        return key !== pass ? key : undefined;
      });
      assert.notEqual(section, await classOf('criterion'));
    },
  );
};
