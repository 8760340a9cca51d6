/** All source languages. One more language is one more file and one more line. */

import { javascript } from './javascript';
import { json } from './json';
import type { SourceLanguage } from './language';
import { python } from './python';
import { yaml } from './yaml';

export const languages: readonly SourceLanguage[] = [python, javascript, yaml, json];

export function findLanguage(languageId: string): SourceLanguage | undefined {
  return languages.find((language) => language.languageIds.includes(languageId));
}
