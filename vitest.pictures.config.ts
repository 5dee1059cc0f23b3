import { defineConfig } from 'vitest/config'

/** `npm run screenshots`: writes the pictures that docs/ shows. No part of `npm test`. */
export default defineConfig({
  test: {
    name: 'pictures',
    pool: 'forks',
    include: ['console/test/pictures/docs.ts'],
    globalSetup: './console/test/tools/set-up.ts',
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
