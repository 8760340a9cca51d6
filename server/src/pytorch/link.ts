/** Decides which exported model a source file's modules are shown with. */

import { dirname, isAbsolute, parse, relative, resolve } from 'node:path';
import type { SourceDocument } from '../documents/source-document';
import type { ModelReading } from '../models/reading';
import type { Workspace } from '../workspace';
import { matchModel, type ModelMatch } from './match-model';
import type { ModuleClass } from './module-class';

export interface Link {
  readonly path: string;
  readonly match: ModelMatch;
  /** Said by the settings rather than guessed. */
  readonly explicit: boolean;
}

/** At least this share of the attributes must be found before a model is shown unasked. */
const leastShare = 0.6;

/** The model of a file: the one that the settings name, else the best that fits. */
export function linkOf(document: SourceDocument, workspace: Workspace): Link | undefined {
  if (document.modules.length === 0) return undefined;
  const said = explicitLink(document, workspace);
  if (said === undefined) {
    const { links, complete } = candidatesFor(document, workspace);
    // The best of those that are known already may not be the best of all.
    return complete ? links[0] : undefined;
  }
  const state = workspace.models.look(said);
  const reading = state.kind === 'missing' ? undefined : state.reading;
  const match = reading && matchOf(document, reading);
  return match && { path: said, match, explicit: true };
}

export interface Candidates {
  /** Models that fit, best first. */
  readonly links: readonly Link[];
  /** False while some models of the workspace are still being read. */
  readonly complete: boolean;
}

/** Models of the workspace that fit. Asks for those to be read that are not known yet. */
export function candidatesFor(document: SourceDocument, workspace: Workspace): Candidates {
  if (document.modules.length === 0) return { links: [], complete: true };
  let complete = true;
  const links = nearest(document, workspace).flatMap((path): Link[] => {
    const state = workspace.models.look(path, 'later');
    const reading = state.kind === 'missing' ? undefined : state.reading;
    if (state.kind === 'reading' && !reading) complete = false;
    const match = reading && matchOf(document, reading);
    return match && fits(match) ? [{ path, match, explicit: false }] : [];
  });
  const named = new Set(workspace.locate(document).map(({ path }) => path));
  const ranked = links
    .map((link) => ({ link, rank: rankOf(link, document, named) }))
    .sort((a, b) => compareRanks(b.rank, a.rank))
    .map(({ link }) => link);
  return { links: ranked, complete };
}

/** The workspace's models, or those nearest to the file where there are very many. */
export function nearest(document: SourceDocument, { knownFiles }: Workspace): readonly string[] {
  if (knownFiles.length <= mostModels) return knownFiles;
  return knownFiles
    .map((path) => ({ path, distance: distanceTo(path, document) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, mostModels)
    .map(({ path }) => path);
}

/** Fewer than the store keeps, so that it never forgets one while another is looked at. */
const mostModels = 256;

function distanceTo(path: string, document: SourceDocument): number {
  return relative(dirname(document.path), path).split(/[/\\]/).length;
}

/** The path that `coppice.links` gives for the file, if it does. */
export function explicitLink(document: SourceDocument, workspace: Workspace): string | undefined {
  if (!workspace.trusted) return undefined;
  const { links } = workspace.settingsFor(document.path);
  const key = workspace.labelOf(document.path);
  const target = Object.hasOwn(links, key) ? links[key] : undefined;
  if (target === undefined) return undefined;
  const folder = workspace.folderOf(document.path);
  return isAbsolute(target) ? target : resolve(folder ?? dirname(document.path), target);
}

export function reasonOf({ match }: Link, classes: readonly ModuleClass[]): string {
  const names = classes.filter(({ name }) => match.instances.has(name)).map(({ name }) => name);
  const differing = match.contradictions;
  const but = differing > 0 ? `, but ${differing} layers have other channels` : '';
  return `${match.found} of ${match.expected} attribute names of ${names.join(', ')}${but}`;
}

function fits({ instances, found, expected }: ModelMatch): boolean {
  return instances.size > 0 && expected > 0 && found / expected >= leastShare;
}

/**
 * First what the source says (attributes, channels it spells, how much of the model it accounts for),
 * then what is likely: a model that the file names, one that is called alike, one near, the larger.
 */
function rankOf(
  { path, match }: Link,
  document: SourceDocument,
  named: ReadonlySet<string | undefined>,
): number[] {
  const stems = [path, document.path].map((each) => parse(each).name.toLowerCase());
  const alike = stems[1].includes(stems[0]) || stems[0].includes(stems[1]) ? 1 : 0;
  const params = [...match.paths.paths()].reduce(
    (sum, each) => sum + match.paths.layer(each)!.params,
    0,
  );
  const share = match.found / match.expected;
  return [
    Math.round(share * 100),
    -match.contradictions,
    Math.round(match.explained * 100),
    named.has(path) ? 1 : 0,
    alike,
    -distanceTo(path, document),
    params,
  ];
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at < 0 ? 0 : a[at] - b[at];
}

/** Matches are kept as long as the reading is, for the last few forms that the classes had. */
const matches = new WeakMap<ModelReading, Map<string, ModelMatch>>();
const mostForms = 8;
const formKey = Symbol('form of the modules');

function matchOf(document: SourceDocument, reading: ModelReading): ModelMatch | undefined {
  const { inspection } = reading;
  if (!inspection) return undefined;
  const { modules } = document;
  const form = document.once(formKey, () => JSON.stringify(modules, withoutPlaces));
  const known = matches.get(reading) ?? new Map<string, ModelMatch>();
  matches.set(reading, known);
  const match = known.get(form) ?? matchModel(modules, inspection);
  known.delete(form);
  known.set(form, match);
  if (known.size > mostForms) known.delete(known.keys().next().value!);
  return match;
}

/** Neither where things stand in the text nor their numbers decide what they match. */
function withoutPlaces(key: string, value: unknown): unknown {
  return ['from', 'to', 'target', 'numbers'].includes(key) ? undefined : value;
}
