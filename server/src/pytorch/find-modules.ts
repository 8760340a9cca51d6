import type { SourceText } from '../languages/language';
import type { ModuleClass } from './module-class';
export function findModules(_source: SourceText): ModuleClass[] {
  return [];
}
