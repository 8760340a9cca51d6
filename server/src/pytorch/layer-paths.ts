/** The layers of a model by the path their modules have in PyTorch: `layer1.0.conv1`. */

import type { Inspection, LayerInfo } from '#protocol/inspection';

export class LayerPaths {
  private readonly byPath = new Map<string, LayerInfo>();
  /** Every beginning of a path with the layers below it. */
  private readonly below = new Map<string, LayerInfo[]>();

  constructor({ layers }: Inspection) {
    for (const layer of layers) {
      const path = pathOf(layer);
      if (this.byPath.has(path)) continue;
      this.byPath.set(path, layer);
      for (let end = path.lastIndexOf('.'); end > 0; end = path.lastIndexOf('.', end - 1)) {
        const prefix = path.slice(0, end);
        const under = this.below.get(prefix);
        if (under) under.push(layer);
        else this.below.set(prefix, [layer]);
      }
    }
  }

  get size(): number {
    return this.byPath.size;
  }

  paths(): Iterable<string> {
    return this.byPath.keys();
  }

  /** All layers, in graph order. */
  get all(): readonly LayerInfo[] {
    return [...this.byPath.values()];
  }

  layer(path: string): LayerInfo | undefined {
    return this.byPath.get(path);
  }

  /** The layer of a path, or all layers of the module there. */
  layersAt(path: string): readonly LayerInfo[] {
    const layer = this.byPath.get(path);
    return layer ? [layer] : (this.below.get(path) ?? []);
  }

  hasOperator(pattern: RegExp): boolean {
    for (const { op } of this.byPath.values()) if (pattern.test(op)) return true;
    return false;
  }
}

/** Weights carry the path; where an export renamed them, the node's scopes spell it. */
function pathOf({ name, node }: LayerInfo): string {
  if (!name.startsWith('/')) return name;
  return scopePath(name) ?? scopePath(node) ?? name;
}

/** `/layer1/layer1.0/conv1/Conv` → `layer1.0.conv1`: a scope repeats the one it is an item of. */
function scopePath(scopes: string): string | undefined {
  const parts = scopes.split('/').slice(1, -1);
  if (parts.length === 0) return undefined;
  return parts.filter((part, i) => !(parts[i + 1] ?? '').startsWith(`${part}.`)).join('.');
}

/** One path below another; the path of the whole model is empty. */
export function joinPath(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}.${name}`;
}
