/**
 * `npm run soak -- [--seconds 1800] [--seed 1]`: the gateway before ten providers of one group that really fail. Each
 * fails one call of twenty by chance, and is wholly down for a tenth of every five minutes. In less than five minutes
 * each is down once, for a tenth of the whole time: the outages alone are compressed, while deadlines, pauses that
 * providers ask for and the rests of breakers stay what they are. So a short run is the harder one. Ends with code 1
 * when a bound is missed.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runDoctor } from '../server/src/ledger/doctor.ts'
import { databaseIn } from '../server/test/tools/books.ts'
import { managing, startGateway } from './gateway.ts'
import { tellGoal } from './goals.ts'
import type { Running } from './processes.ts'
import { callAll } from './soak/clients.ts'
import { lastingBytes } from './soak/memory.ts'
import { type Provider, startProviders } from './soak/provider.ts'
import { createFates } from './soak/troubles.ts'
import { type Figures, judge } from './soak/verdict.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '1800' },
    seed: { type: 'string', default: '1' },
  },
})
const SECONDS = wholeOf('seconds', values.seconds)
const SEED = wholeOf('seed', values.seed)
const PERIOD_MS = Math.min(300, SECONDS) * 1000
const CLIENTS = 20
const EVERY_MS = 200
const KEYS = 4
/** How long the gateway waits for a provider that stalls; a machine that is busy must not look like one. */
const PATIENCE_MS = 1_500
/** Units of an answer of the providers: 40 tokens in, 20 out. */
const COST = 40 + 20 * 4

function wholeOf(name: string, text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) {
    throw new Error(`--${name} ${text}: give a whole number from 1 to 999999`)
  }
  return Number(text)
}

async function furnish(manage: ReturnType<typeof managing>, providers: readonly Provider[]) {
  for (const [at, { url, fate }] of providers.entries()) {
    await manage('POST', '/api/channel/', {
      name: `soak ${at}: ${fate.outage}`,
      type: 'openai-compatible',
      base_url: `${url}/v1`,
      keys: ['soak-upstream-key'],
      models: ['soak'],
      groups: ['default'],
    })
  }
  await manage('PUT', '/api/price/soak', { input: '2', output: '8' })
  await manage('PUT', '/api/setting/', {
    'timeouts.first_byte_ms': PATIENCE_MS,
    // A provider that took a call and is silent is not tried elsewhere: only this helps against it.
    ...{ 'routing.hedge': 'on', 'routing.hedge_after_ms': 100 },
  })
  const { id } = await manage('GET', '/api/user/self')
  await manage('PUT', `/api/user/${id}`, { unlimited_quota: false })
  await manage('POST', `/api/user/${id}/quota`, { delta: 1e12, reason: 'soak' })
  const keys: { id: number; key: string }[] = []
  for (let n = 0; n < KEYS; n++) {
    keys.push(await manage('POST', '/api/token/', { name: `soak ${n}`, remain_quota: 1e11 }))
  }
  return keys
}

/** The sum of a counter of `/metrics` over all of its labels. */
async function counted(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const lines = text.split('\n').filter((line) => new RegExp(`^${name}[ {]`).test(line))
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}

/** What each book says was charged, and what the answers cost that clients saw. */
async function chargesOf(
  ask: (path: string) => Promise<object>,
  keys: readonly { id: number }[],
  served: number,
) {
  const usedOf = async (path: string) => ((await ask(path)) as { used_quota: number }).used_quota
  const ofKeys = await Promise.all(keys.map(({ id }) => usedOf(`/api/token/${id}`)))
  const { quota } = (await ask('/api/log/self/stat')) as { quota: number }
  return {
    answers: served * COST,
    account: await usedOf('/api/user/self'),
    keys: ofKeys.reduce((sum, units) => sum + units, 0),
    records: quota,
  }
}

async function soak(
  gateway: Running,
  adminToken: string,
  providers: readonly Provider[],
  now: () => number,
) {
  const manage = managing(gateway.url, adminToken)
  const keys = await furnish(manage, providers)
  const held: Promise<number>[] = []
  const sampling = setInterval(() => held.push(lastingBytes(gateway)), 1_000)
  const seen = await callAll({
    ...{ url: gateway.url, keys: keys.map(({ key }) => key) },
    ...{ clients: CLIENTS, everyMs: EVERY_MS, seed: SEED, now, untilMs: SECONDS * 1000 },
    isAnyWell: () => providers.some((provider) => provider.isWell()),
  })
  clearInterval(sampling)
  const attempts = await counted(gateway.url, 'turnpike_upstream_attempts_total')
  const ask = (path: string): Promise<object> => manage('GET', path)
  const charged = await chargesOf(ask, keys, seen.served)
  const openings = await counted(gateway.url, 'turnpike_breaker_openings_total')
  const refusals = await counted(gateway.url, 'turnpike_retry_budget_refusals_total')
  console.log(
    `${seen.served} of ${seen.calls} calls served; breakers opened ${openings} times; the retry budget refused ${refusals}`,
  )
  return { ...seen, attempts, held: await Promise.all(held), charged }
}

const folder = mkdtempSync(join(tmpdir(), 'turnpike-soak-'))
const adminToken = `tpat_${randomBytes(32).toString('base64url')}`
const gateway = await startGateway({ folder, adminToken })
const beganAt = performance.now()
const now = () => performance.now() - beganAt
const providers = await startProviders(createFates(SEED, PERIOD_MS), now)
try {
  const seen = await soak(gateway, adminToken, providers, now)
  await gateway.stop()
  const findings = await runDoctor(databaseIn(join(folder, 'data')))
  const figures: Figures = { ...seen, findings }
  const { goals, lines, met } = judge(figures)
  goals.forEach(tellGoal)
  console.log(lines.join('\n'))
  if (!met) process.exitCode = 1
} finally {
  await gateway.stop()
  await Promise.all(providers.map((provider) => provider.close()))
  rmSync(folder, { recursive: true, force: true })
}
