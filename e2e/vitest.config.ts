import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Tests of the whole: each starts processes of its own, so one file at a time. */
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['e2e/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
    pool: 'forks',
    maxWorkers: 1,
    fileParallelism: false,
  },
});
