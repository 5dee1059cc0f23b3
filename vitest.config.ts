import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['server/test/**/*.test.ts', 'server/src/**/*.test.ts', 'bench/**/*.test.ts'],
    pool: 'forks',
    // Each test file starts gateways and databases of its own; more at once only slows all of them.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ['default', './scripts/test-summary.ts'],
  },
})
