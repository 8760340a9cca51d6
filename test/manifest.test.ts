/** The manifest cannot import the code, so what both of them say is compared here. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commandIds } from '#protocol/commands';
import { defaultSettings, severities } from '#protocol/settings';

interface Manifest {
  readonly icon: string;
  readonly capabilities: {
    readonly untrustedWorkspaces: { readonly restrictedConfigurations: readonly string[] };
  };
  readonly activationEvents: readonly string[];
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly enablement?: string }[];
    readonly menus: Readonly<Record<string, readonly { readonly command: string }[]>>;
    readonly languages: readonly { readonly id: string; readonly configuration: string }[];
    readonly grammars: readonly {
      readonly language: string;
      readonly scopeName: string;
      readonly path: string;
    }[];
    readonly configuration: {
      readonly properties: Readonly<
        Record<string, { readonly default: unknown; readonly enum?: readonly string[] }>
      >;
    };
  };
}

const text = readFileSync('package.json', 'utf8');
const manifest = JSON.parse(text) as Manifest;
const { contributes } = manifest;

describe('the manifest', () => {
  it('contributes exactly the commands that the code knows, and no menu names another', () => {
    const known = Object.values(commandIds).sort();
    expect(contributes.commands.map(({ command }) => command).sort()).toEqual(known);
    const inMenus = Object.values(contributes.menus).flatMap((items) =>
      items.map(({ command }) => command),
    );
    expect(known).toEqual(expect.arrayContaining([...new Set(inMenus)]));
  });

  it('keeps commands that run a model from untrusted workspaces', () => {
    const guarded = contributes.commands
      .filter(({ enablement }) => enablement?.includes('isWorkspaceTrusted'))
      .map(({ command }) => command);
    const running = [
      commandIds.compress,
      commandIds.finetune,
      commandIds.analyzeSensitivity,
      commandIds.runRecipe,
    ];
    expect(guarded.sort()).toEqual(running.sort());
  });

  it('has the settings of the code with the same defaults', () => {
    const declared = Object.fromEntries(
      Object.entries(contributes.configuration.properties)
        .filter(([key]) => key !== 'coppice.trace.server')
        .map(([key, property]) => [key, property.default]),
    );
    expect(declared).toEqual(flatten('coppice', defaultSettings));
    for (const key of ['missingModel', 'brokenModel', 'overBudget']) {
      const property = contributes.configuration.properties[`coppice.diagnostics.${key}`];
      expect(property.enum).toEqual(severities);
    }
    for (const key of manifest.capabilities.untrustedWorkspaces.restrictedConfigurations) {
      expect(Object.keys(declared)).toContain(key);
    }
  });

  it('names files that are there, and grammars by the scopes inside them', () => {
    const languages = contributes.languages;
    for (const file of [manifest.icon, ...languages.map(({ configuration }) => configuration)]) {
      expect(existsSync(file), file).toBe(true);
    }
    for (const { path, scopeName } of contributes.grammars) {
      const grammar = JSON.parse(readFileSync(path, 'utf8')) as { scopeName: string };
      expect(grammar.scopeName).toBe(scopeName);
    }
    for (const { id } of languages) {
      expect(manifest.activationEvents).toContain(`onLanguage:${id}`);
    }
  });

  it('has a text for every placeholder, and no text too many', () => {
    const texts = JSON.parse(readFileSync('package.nls.json', 'utf8')) as Record<string, string>;
    const used = [...text.matchAll(/"%([\w.]+)%"/g)].map((match) => match[1]);
    expect([...new Set(used)].sort()).toEqual(Object.keys(texts).sort());
  });
});

/** `{ a: { b: 1 } }` → `{ 'coppice.a.b': 1 }`; lists and link tables are values. */
function flatten(prefix: string, value: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, child]: [string, unknown]) => {
      const name = `${prefix}.${key}`;
      const group = typeof child === 'object' && child !== null && !Array.isArray(child);
      return group && key !== 'links' ? Object.entries(flatten(name, child)) : [[name, child]];
    }),
  );
}
