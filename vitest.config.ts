import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{engine,protocol,server,client,webview,cli,scripts,test}/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/e2e/**', 'test/browser/**'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Tests that open the runtime themselves tell nobody about it either.
    env: { ORT_DISABLE_TELEMETRY: '1' },
    pool: 'forks',
    maxWorkers: 2,
    reporters: process.env.CI ? ['default', 'json'] : ['default'],
    outputFile: { json: 'test-artifacts/unit.json' },
  },
});
