/** Layers whose numbers in the source are not those of the exported model. */

import type { WhatIf } from '#engine/device/what-if';
import type { Workspace } from '../workspace';
import type { LayerLine } from './layer-lines';

export interface EditedLine extends LayerLine {
  /** One for each layer behind the line that would change; none where it is as it was exported. */
  readonly edits: readonly WhatIf[];
}

/** The lines with what the numbers they spell would change in the model, as far as it is known. */
export function withEdits(
  lines: readonly LayerLine[],
  path: string,
  workspace: Workspace,
): EditedLine[] {
  const asked = lines.flatMap(({ instances, numbers }, line) =>
    numbers ? instances.flat().map(({ name }) => ({ line, layer: name, numbers })) : [],
  );
  const answers = workspace.whatIf.look(
    path,
    asked.map(({ layer, numbers }) => ({ layer, numbers })),
    workspace.targetsFor(path),
  );
  const edits = lines.map((): WhatIf[] => []);
  asked.forEach(({ line }, i) => {
    const answer = answers[i];
    if (answer) edits[line].push(answer);
  });
  return lines.map((line, i) => ({ ...line, edits: edits[i] }));
}
