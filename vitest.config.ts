import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{engine,protocol,server,client,webview,cli,test}/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/e2e/**'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
