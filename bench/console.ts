/**
 * `node bench/console.ts`: how soon the console can be used on a machine that is four times slower, how a list of ten
 * thousand keys behaves, and what the console costs the relay while nobody looks. Ends with code 1 when a goal is missed.
 * BENCH_TIMES (5) is how often each screen is visited; BENCH_ONLY=visits,list,relay,lighthouse chooses parts.
 * Lighthouse brings a hundred packages, so it is none of ours: `npm install lighthouse@12.2.3` in some folder, and
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
const SMALL_ACCOUNT = 20
const TIMES = Number(process.env.BENCH_TIMES ?? 5)
const CHOSEN = process.env.BENCH_ONLY?.split(',')
const isChosen = (part: string) => CHOSEN === undefined || CHOSEN.includes(part)

const goals = createGoals()
const folder = mkdtempSync(join(tmpdir(), 'turnpike-console-'))
const upstream = await startProgram(join(import.meta.dirname, 'upstream.ts'))

/** Lends a console before a gateway that runs, as the account with ten thousand keys and as one with some dozens. */
async function withConsole(
  { adminToken, extent }: Installation,
  use: (large: Place, small: Place) => Promise<void>,
) {
  const gateway = await startGateway({ folder, adminToken })
  const browser = await launchChromium()
  const asAdmin = managing(gateway.url, adminToken)
  const placeOf = async (account: number): Promise<Place> => {
    const path = `/api/user/${account}/access_tokens`
    const made: unknown = await asAdmin('POST', path, { name: 'bench' })
    return { browser, url: gateway.url, token: (made as { token: string }).token }
  }
  try {
    await use(
      await placeOf(extent.firstAccount),
      await placeOf(extent.firstAccount + SMALL_ACCOUNT),
    )
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
  await withConsole(installation, async (large, small) => {
    if (isChosen('visits')) await measureVisits(large, goals, TIMES)
    if (isChosen('list')) await measureKeyList(large, goals)
    const lighthouse = process.env.BENCH_LIGHTHOUSE
    if (lighthouse !== undefined && isChosen('lighthouse')) {
      // It sees nothing painted on a page of 640 000 pixels.
      await measureLighthouse(small, goals, lighthouse)
    }
  })
  if (isChosen('relay')) await measureRelayCost(installation, goals, TIMES)
} finally {
  await upstream.stop()
  rmSync(folder, { recursive: true, force: true })
}
console.log(goals.table())
process.exitCode = goals.allMet() ? 0 : 1
