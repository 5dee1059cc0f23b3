import { defineConfig } from 'vitest/config'

/** Files start gateways and databases of their own, and wait for much: one more than CI has cores. */
const SERVER = { maxWorkers: 3, sequence: { groupOrder: 1 } }
/** Each drives a browser, which always has something to do: more at once only slows all of them. */
const CONSOLE = { maxWorkers: 2, sequence: { groupOrder: 2 } }

const EVERYTHING = ['server/test/**/*.test.ts', 'server/src/**/*.test.ts', 'bench/**/*.test.ts']

/** About the file, its disk and its one owner. */
const ABOUT_SQLITE = [
  'server/test/bad-days/{database,kill,realtime-kill}.test.ts',
  'server/test/cli/*.test.ts',
  'server/test/ledger/{doctor-file,kill,memory,model}.test.ts',
  'server/test/storage/{commit-queue,disk-full,migrations,mailbox,opening,sqlite-threads,wire}.test.ts',
]

/** What no database has a part in is not tried twice. */
const WITHOUT_DATABASE = [
  'bench/**',
  'server/src/**',
  'server/test/budgets/calendar.test.ts',
  'server/test/channels/{address-rules,breaker,channel,channel-health,choosing,dial,dispatcher,probe,recent-latencies,retry-budget,simulator}.test.ts',
  'server/test/{config,errors,log}/**',
  'server/test/dialects/multipart.test.ts',
  'server/test/events/{backoff,catalogue,threshold}.test.ts',
  'server/test/keys/{address,secret}.test.ts',
  'server/test/ledger/slack.test.ts',
  'server/test/dialects/reports.test.ts',
  'server/test/manage/console-pages.test.ts',
  'server/test/prices/{catalogue,cost,library,tokenizer}.test.ts',
  'server/test/rates/{shared-rates,sliding-window}.test.ts',
  'server/test/relay/**',
  'server/test/simulation/**',
  'server/test/storage/{newest-read,released-steps}.test.ts',
  'server/test/tools/**',
  'server/test/translate/**',
  'server/test/usage/csv.test.ts',
]

/** Of PostgreSQL alone. */
const ABOUT_POSTGRES = 'server/test/postgres/**/*.test.ts'

export default defineConfig({
  test: {
    pool: 'forks',
    // A file's process starts in two seconds, and its modules are what the last one loaded: nobody leaves anything in them.
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // What comes in the end comes late where much runs at once. What must come soon says how soon.
    expect: { poll: { timeout: 10_000 } },
    reporters: ['default', './scripts/test-summary.ts'],
    projects: [
      {
        extends: true,
        test: { ...SERVER, name: 'sqlite', include: EVERYTHING, exclude: [ABOUT_POSTGRES] },
      },
      {
        extends: true,
        test: {
          ...SERVER,
          name: 'postgres',
          include: ['server/test/**/*.test.ts'],
          exclude: [...ABOUT_SQLITE, ...WITHOUT_DATABASE],
          globalSetup: './server/test/tools/cluster.ts',
        },
      },
      {
        extends: true,
        test: {
          ...CONSOLE,
          name: 'console',
          include: ['console/test/**/*.test.ts'],
          // Each look at a screen takes a second or two, four times.
          testTimeout: 60_000,
          globalSetup: './console/test/tools/set-up.ts',
        },
      },
    ],
  },
})
