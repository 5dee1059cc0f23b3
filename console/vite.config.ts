import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** For `npx vite console`: a gateway that runs beside it. */
const GATEWAY = 'http://127.0.0.1:3000'

export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  plugins: [react()],
  // The gateway puts a new one into each page: see server/src/manage/console-pages.ts.
  html: { cspNonce: '__TURNPIKE_NONCE__' },
  build: {
    // The first that know CSS's light-dark(): older ones are two years old and more.
    target: ['chrome123', 'firefox128', 'safari17.5'],
    // A data: URL would be one more thing for the policy to allow.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 600,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // What changes with a dependency only, apart from what changes with each of our commits.
            { name: 'react', test: /node_modules\/(react|react-dom|scheduler)\// },
            {
              name: 'tanstack',
              test: /node_modules\/@tanstack\/(react-(query|router|store)|query-|router-|history|store)/,
            },
            // Each file costs a request, and one for each module that screens share would be dozens. What few share stays
            // apart, so that nobody loads what another screen needs.
            { name: 'first', tags: ['$initial'] },
            { name: 'shared', minShareCount: 6 },
          ],
        },
      },
    },
  },
  server: { proxy: { '/api': GATEWAY } },
})
