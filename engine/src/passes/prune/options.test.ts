import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { pruneOptions } from './options';

describe('the options of pruning', () => {
  it('have a default for everything but the amount', () => {
    expect(pruneOptions.parse({ macs: 0.5 })).toMatchObject({
      scope: 'global',
      layers: {},
      recover: 'auto',
    });
  });

  it('want exactly one amount', () => {
    expect(pruneOptions.safeParse({}).error?.message).toContain('exactly one');
    expect(pruneOptions.safeParse({ ratio: 0.3, macs: 0.5 }).success).toBe(false);
    for (const key of ['ratio', 'macs', 'params', 'bytes']) {
      expect(pruneOptions.safeParse({ [key]: 0.4 }).success).toBe(true);
      for (const wrong of [0, 1, -0.1, 50]) {
        expect(pruneOptions.safeParse({ [key]: wrong }).success).toBe(false);
      }
    }
  });

  it('take a time or a share as latency', () => {
    for (const latency of ['12 ms', '0.5s', 0.6, '0.6']) {
      expect(pruneOptions.safeParse({ latency }).success, String(latency)).toBe(true);
    }
    for (const latency of ['12', 12, '0 ms', 'soon', '-1 ms', 0, '1 MB']) {
      expect(pruneOptions.safeParse({ latency }).success, String(latency)).toBe(false);
    }
    expect(pruneOptions.safeParse({ latency: '12 ms', macs: 0.5 }).success).toBe(false);
  });

  it('need no amount where layers have ratios of their own', () => {
    const named = { 'layer1.*': { ratio: 0.4 }, fc: { skip: true } };
    expect(pruneOptions.safeParse({ layers: named }).success).toBe(true);
    expect(pruneOptions.safeParse({ layers: { fc: { skip: true } } }).success).toBe(false);
  });

  it('refuse unknown keys, also below layers', () => {
    expect(pruneOptions.safeParse({ macs: 0.5, marcs: 1 }).success).toBe(false);
    const layers = { 'layer3.*': { max_ration: 0.5 } };
    expect(pruneOptions.safeParse({ macs: 0.5, layers }).success).toBe(false);
  });

  it('have a JSON schema that describes every key', () => {
    const schema = z.toJSONSchema(pruneOptions, { io: 'input' });
    const properties = Object.entries(schema.properties ?? {});
    expect(properties.length).toBeGreaterThan(10);
    for (const [key, value] of properties) {
      expect(value, key).toHaveProperty('description');
    }
  });
});
