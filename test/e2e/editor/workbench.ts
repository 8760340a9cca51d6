/** What a person does in the editor, as functions: open, type, run a command, look at a page. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame, Locator, Page } from 'playwright-core';

/** Limit of one step. Generous, because the machine may be shared. */
export const stepLimit = 20_000;
/** Limit of a whole compression. */
export const runLimit = 150_000;

export class Workbench {
  private configured = false;

  constructor(
    readonly page: Page,
    readonly folder: string,
  ) {
    page.setDefaultTimeout(stepLimit);
  }

  async open(url: string): Promise<void> {
    await this.page.goto(`${url}/?folder=${encodeURIComponent(this.folder)}`);
    await this.page.locator('.monaco-workbench').waitFor();
    await this.page.locator('.explorer-folders-view .monaco-list-row').first().waitFor();
  }

  /** Opens a file of the Explorer's first level, or below folders. */
  async openFile(...path: readonly string[]): Promise<void> {
    await (await this.revealFile(...path)).dblclick();
    await this.page.locator('.tabs-container .tab.active').getByText(path.at(-1)!).waitFor();
  }

  /** Its row in the Explorer, with the folders above it opened. */
  async revealFile(...path: readonly string[]): Promise<Locator> {
    const rowOf = (name: string) =>
      this.page.locator('.explorer-folders-view').getByRole('treeitem', { name, exact: true });
    for (const folder of path.slice(0, -1)) {
      const row = rowOf(folder);
      await row.waitFor();
      if ((await row.getAttribute('aria-expanded')) !== 'true') await row.click();
    }
    const file = rowOf(path.at(-1)!);
    await file.waitFor();
    return file;
  }

  /** Types into the palette and clicks the row of exactly this title. */
  async runCommand(title: string): Promise<void> {
    await this.typeCommand(title);
    await this.pickRow(title);
  }

  async typeCommand(title: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget input[type="text"]');
    // A palette that is still closing swallows the key.
    await this.until('the command palette', async () => {
      await this.page.keyboard.press('F1');
      return input.fill(`>${title}`, { timeout: 2_000 }).then(
        () => true,
        () => undefined,
      );
    });
  }

  /** All rows that the quick pick shows now. */
  rows(): Locator {
    return this.page.locator('.quick-input-list .monaco-list-row');
  }

  /** The row whose label is, or starts with, this text. */
  row(label: string): Locator {
    const start = new RegExp(`^${label.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`);
    return this.rows().filter({ has: this.page.locator('.label-name', { hasText: start }) });
  }

  /** That row, once a press of Enter would take it. */
  focused(label: string): Locator {
    return this.row(label).and(this.page.locator('.focused'));
  }

  async pickRow(label: string): Promise<void> {
    await this.row(label).first().click();
  }

  /** Lines of the active editor in view, with ordinary spaces. */
  async lines(): Promise<readonly string[]> {
    const lines = await this.page
      .locator('.editor-instance .view-lines .view-line')
      .allInnerTexts();
    return lines.map((line) => line.replaceAll('\u00a0', ' '));
  }

  /** Waits until a line of the active editor matches, and returns it. */
  async line(pattern: RegExp): Promise<string> {
    return this.until(`a line like ${String(pattern)}`, async () =>
      (await this.lines()).find((line) => pattern.test(line)),
    );
  }

  /** Rests the pointer on a text of the active editor until a hover that contains `part` is shown. */
  async hover(text: string | RegExp, part: string): Promise<Locator> {
    const card = this.page.locator('.monaco-hover-content').filter({ hasText: part }).first();
    await this.until(`a hover with ${part}`, async () => {
      await this.page.mouse.move(0, 0);
      await this.page.locator('.view-line span', { hasText: text }).last().hover();
      return card.waitFor({ timeout: 3_000 }).then(
        () => true,
        () => undefined,
      );
    });
    return card;
  }

  /** The page with this heading, in whichever webview it is. */
  async webview(heading: RegExp | string, timeout = stepLimit): Promise<Frame> {
    const find = async () => {
      for (const frame of this.page.frames()) {
        if (!frame.url().includes('fake.html')) continue;
        const title = frame.getByRole('heading', { level: 1, name: heading, exact: true });
        if (await title.isVisible().catch(() => false)) return frame;
      }
      return undefined;
    };
    return this.until(`a page with the heading ${String(heading)}`, find, timeout);
  }

  async until<T>(
    what: string,
    find: () => Promise<T | undefined>,
    timeout = stepLimit,
  ): Promise<T> {
    const limit = Date.now() + timeout;
    while (Date.now() < limit) {
      const found = await find();
      if (found !== undefined) return found;
      await this.page.waitForTimeout(150);
    }
    throw new Error(`waited in vain for ${what}`);
  }

  /** No quick pick, no notification, no editor, no settings: as each test expects it. */
  async reset(): Promise<void> {
    await this.page.keyboard.press('Escape');
    await this.page.keyboard.press('Escape');
    if (this.configured) this.configure({});
    await this.page.locator('.monaco-workbench.vs').waitFor();
    await this.runCommand('Notifications: Clear All Notifications');
    while ((await this.page.locator('.tabs-container .tab.dirty').count()) > 0) {
      await this.runCommand('View: Revert and Close Editor');
    }
    await this.closeEditors();
  }

  async closeEditors(): Promise<void> {
    await this.runCommand('View: Close All Editors');
    await this.until('all editors to close', async () =>
      (await this.page.locator('.tabs-container .tab').count()) === 0 ? true : undefined,
    );
  }

  /** Workspace settings are noticed while the editor runs; the user's are not. */
  configure(settings: Readonly<Record<string, unknown>>): void {
    this.configured = Object.keys(settings).length > 0;
    mkdirSync(join(this.folder, '.vscode'), { recursive: true });
    writeFileSync(join(this.folder, '.vscode', 'settings.json'), JSON.stringify(settings));
  }

  /** `vs`, `vs-dark` or `hc-black`: the workbench's class of a theme. */
  async useTheme(name: string, className: string): Promise<void> {
    this.configure({ 'workbench.colorTheme': name });
    await this.page.locator(`.monaco-workbench.${className}`).waitFor();
  }
}
