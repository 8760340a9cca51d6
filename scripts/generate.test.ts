import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generatedFiles } from './generate';

describe('generated files', () => {
  it.each(Object.entries(generatedFiles()))(
    '%s is up to date (`npm run generate`)',
    (path, content) => {
      const file = join(__dirname, '..', path);
      expect(existsSync(file), `${path} is missing`).toBe(true);
      expect(readFileSync(file, 'utf8')).toBe(content);
    },
  );
});
