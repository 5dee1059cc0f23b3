/**
 * `node bench/console.ts`: how soon the console can be used on a machine that is four times slower, how a list of ten
 * thousand keys behaves, and what the console costs the relay while nobody looks. Ends with code 1 when a goal is missed.
 * BENCH_TIMES (5) is how often each screen is visited; BENCH_ONLY=visits,list,relay,lighthouse chooses parts.
 * Lighthouse is as large as all other tools together, so it is none of ours: `npm install lighthouse` in some folder, and
 * BENCH_LIGHTHOUSE=<folder>/node_modules/lighthouse/core/index.js, adds its scores.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { launchChromium } from '../console/test/tools/chromium.ts'
import { measureKeyList } from './console/key-list.ts'
import { measureLighthouse } from './console/lighthouse.ts'
import { measureRelayCost } from './console/relay-cost.ts'
import { measureVisits, type Place } from './console/visits.ts'
import { managing, startGateway } from './gateway.ts'
import { createGoals } from './goals.ts'
import { startProgram } from './processes.ts'
import { type Installation, makeInstallation } from './size/make.ts'

/** Half of them are the account's that looks at its list, and one of 47 is deleted. */
const KEYS = 20_440
const RECORDS = 50_000
const TIMES = Number(process.env.BENCH_TIMES ?? 5)
const CHOSEN = process.env.BENCH_ONLY?.split(',')
const isChosen = (part: string) => CHOSEN === undefined || CHOSEN.includes(part)

const goals = createGoals()
const folder = mkdtempSync(join(tmpdir(), 'turnpike-console-'))
const upstream = await startProgram(join(import.meta.dirname, 'upstream.ts'))

/** Lends a console before a gateway that runs, as the account with ten thousand keys. */
async function withConsole(
  { adminToken, extent }: Installation,
  use: (place: Place) => Promise<void>,
) {
  const gateway = await startGateway({ folder, adminToken })
  const browser = await launchChromium()
  try {
    const path = `/api/user/${extent.firstAccount}/access_tokens`
    const made: unknown = await managing(gateway.url, adminToken)('POST', path, { name: 'bench' })
    await use({ browser, url: gateway.url, token: (made as { token: string }).token })
  } finally {
    await browser.close()
    await gateway.stop()
  }
}

try {
  const installation = await makeInstallation({
    ...{ folder, databaseUrl: undefined, upstream: upstream.url },
    ...{ keys: KEYS, records: RECORDS },
  })
  await withConsole(installation, async (place) => {
    if (isChosen('visits')) await measureVisits(place, goals, TIMES)
    if (isChosen('list')) await measureKeyList(place, goals)
    const lighthouse = process.env.BENCH_LIGHTHOUSE
    if (lighthouse !== undefined && isChosen('lighthouse')) {
      await measureLighthouse(place, goals, lighthouse)
    }
  })
  if (isChosen('relay')) await measureRelayCost(installation, goals, TIMES)
} finally {
  await upstream.stop()
  rmSync(folder, { recursive: true, force: true })
}
console.log(goals.table())
process.exitCode = goals.allMet() ? 0 : 1
