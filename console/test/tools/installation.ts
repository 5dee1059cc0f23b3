import { setTimeout as pause } from 'node:timers/promises'
import { asking } from '../../../server/test/tools/calls.ts'
import type { TestGateway } from '../../../server/test/tools/gateway.ts'
import type { Script } from '../../../server/test/tools/upstream.ts'
import { sendJson, streams } from '../../../server/test/tools/upstream-scripts.ts'
import { newAccount, type TestAccount } from './account.ts'

const DAY = 86_400
const POLL_MS = 20
const GAP_MS = 4
const UNITS_PER_DOLLAR = 500_000

/** What it costs by the million tokens, how long it takes, and what a call of it reads and writes on average. */
const MODELS = {
  'claude-sonnet-4-5': { price: [3, 15, 0.3], firstMs: 620, ms: 3400, reads: 92_000, writes: 3450 },
  'gpt-4o': { price: [2.5, 10, 1.25], firstMs: 410, ms: 2100, reads: 46_000, writes: 2340 },
  'gpt-4o-mini': {
    price: [0.15, 0.6, 0.075],
    firstMs: 280,
    ms: 1300,
    reads: 108_000,
    writes: 7800,
  },
  'gemini-2.5-flash': {
    price: [0.3, 2.5, 0.075],
    ...{ firstMs: 240, ms: 900, reads: 240_000, writes: 5700 },
  },
  'llama-3.3-70b': { price: [0.6, 0.9, 0.6], firstMs: 310, ms: 1700, reads: 150_000, writes: 9300 },
} as const
type ModelName = keyof typeof MODELS

interface KeyMade {
  readonly fields: object
  readonly calls?: readonly ModelName[]
}

/** In order of creation; the first ones call the models that they are for. */
const keysAt = (nowSeconds: number): readonly KeyMade[] => [
  {
    fields: {
      name: 'Support assistant',
      ...{ unlimited_quota: true, rpm_limit: 300, tpm_limit: 2_000_000 },
      fallback_models: ['gpt-4o'],
      metadata: { team: 'Customer care', 'cost centre': '4120' },
    },
    calls: ['claude-sonnet-4-5', 'claude-sonnet-4-5', 'gpt-4o'],
  },
  {
    fields: {
      name: 'Nightly summaries',
      remain_quota: 60 * UNITS_PER_DOLLAR,
      budgets: [{ period: 'month', amount: 40 * UNITS_PER_DOLLAR, tz: 'Europe/Amsterdam' }],
    },
    calls: ['gemini-2.5-flash', 'gpt-4o-mini'],
  },
  {
    fields: { name: 'Search relevance', group: 'priority', unlimited_quota: true },
    calls: ['gpt-4o-mini', 'llama-3.3-70b'],
  },
  {
    fields: {
      name: 'Website chat',
      remain_quota: 25 * UNITS_PER_DOLLAR,
      expired_time: nowSeconds + 12 * DAY,
      allow_ips: '127.0.0.1\n2001:db8:40::/48',
    },
    calls: ['gpt-4o'],
  },
  {
    fields: { name: 'Data notebooks', remain_quota: 18.4 * UNITS_PER_DOLLAR },
    calls: ['claude-sonnet-4-5', 'llama-3.3-70b'],
  },
  { fields: { name: 'Staging', remain_quota: 4 * UNITS_PER_DOLLAR } },
  { fields: { name: 'Hackathon', remain_quota: 900_000, expired_time: nowSeconds - 9 * DAY } },
  { fields: { name: 'Intern demo', remain_quota: 0 } },
]

/** Its keys in the order of creation, and the ids of a call that was answered and of one that was not. */
export interface Installation {
  readonly account: TestAccount
  readonly keys: readonly { readonly id: number; readonly key: string; readonly name: string }[]
  readonly answeredId: string
  readonly refusedId: string
}

/**
 * Fills a gateway as it may be after some days in an office: models of four providers, keys in every state, calls of
 * the last `days` days, most of them answered.
 */
export async function fillInstallation(gateway: TestGateway, days: number): Promise<Installation> {
  const nowMs = Date.now()
  const clock = createClock(gateway, nowMs - days * DAY * 1000)
  await gateway.manage('PUT', '/api/setting/', { 'limits.manage_per_minute': 1_000_000 })
  await gateway.manage('POST', '/api/group/', { name: 'priority', ratio: 1.25 })
  for (const model of Object.keys(MODELS) as ModelName[]) await offer(gateway, model, clock)
  const account = await newAccount(gateway, {
    username: 'mara',
    quota: 150 * UNITS_PER_DOLLAR,
    groups: ['priority'],
  })
  const keys: Installation['keys'][number][] = []
  const wanted = keysAt(Math.floor(nowMs / 1000))
  for (const { fields } of wanted) {
    const made = await account.manage('POST', '/api/token/', fields)
    gateway.secret(made.key)
    keys.push(made)
  }
  await account.manage('PUT', '/api/token/', { id: keys[OFF]?.id, status: 2 })
  const callers = wanted.flatMap(({ calls = [] }, at) =>
    calls.length > 0 ? [{ key: keys[at]?.key ?? '', models: calls }] : [],
  )
  const asked = await callForDays({ gateway, callers, days, clock, nowMs })
  clock.moveTo(nowMs)
  await topUp(gateway, account)
  const path = `/api/log/self?request_id=${asked.at(-1)?.requestId}`
  while ((await account.manage('GET', path)).total === 0) await pause(POLL_MS)
  const last = (status: number) =>
    asked.findLast((one) => one.status === status)?.requestId as string
  return { account, keys, answeredId: last(200), refusedId: last(400) }
}

/** Place of the key that is switched off. */
const OFF = 5

/** An administrator gives something, and a code is redeemed. */
async function topUp(gateway: TestGateway, { id, manage }: TestAccount): Promise<void> {
  await gateway.manage('POST', `/api/user/${id}/quota`, { delta: 20 * UNITS_PER_DOLLAR })
  const code = { name: 'spring', quota: 25 * UNITS_PER_DOLLAR, count: 1 }
  const [gift] = await gateway.manage('POST', '/api/redemption/', code)
  await manage('POST', '/api/user/topup', { key: gateway.secret(gift) })
}

/** The gateway's clock, which is moved and hardly goes by itself. */
type Clock = ReturnType<typeof createClock>

function createClock(gateway: TestGateway, startMs: number) {
  let shownMs = Date.now()
  // A clock shows whole milliseconds.
  const moveTo = (ms: number) => {
    const nextMs = Math.round(ms)
    gateway.advance((nextMs - shownMs) / 1000)
    shownMs = nextMs
  }
  moveTo(startMs)
  return { moveTo, pass: (ms: number) => moveTo(shownMs + ms) }
}

const PRIORITY: readonly string[] = ['gpt-4o-mini', 'llama-3.3-70b']
const ANSWER = [
  'An invoice is due **30 days** after it was sent. In Python:',
  '```python\nfrom datetime import timedelta\n\ndue = invoice.sent + timedelta(days=30)\n```',
  'The reminder goes out the morning after.',
].join('\n\n')
const SAID = ANSWER.match(/\S+\s*/g)?.map((content) => ({ content })) ?? []
const SAID_USAGE = { prompt: 412, completion: 186 }
/** In the place of the tokens: the provider shall refuse it. */
const REFUSED = 'nobody'

/** Answers in a stream, and the clock moves on as long as such a model would take. `user` says how many tokens. */
async function offer(gateway: TestGateway, model: ModelName, clock: Clock): Promise<void> {
  const { price, firstMs, ms } = MODELS[model]
  const script: Script = async (call, response) => {
    const { user } = call.json ?? {}
    if (user === REFUSED) {
      const error = { message: 'messages: at least one is needed', type: 'invalid_request_error' }
      return sendJson(response, 400, { error })
    }
    if (user === undefined) return streams({ deltas: SAID, usage: SAID_USAGE })(call, response)
    const [prompt = 0, completion = 0, cached = 0] = String(user).split('/').map(Number)
    const beforeEvent = async (index: number) => {
      // The gateway has the first words before the clock moves on.
      if (index > 0) await pause(GAP_MS)
      clock.pass(index === 0 ? firstMs : ms - firstMs)
    }
    const usage = { prompt, completion, cached }
    await streams({ deltas: [{ content: 'All ' }, { content: 'done.' }], usage, beforeEvent })(
      call,
      response,
    )
  }
  const [input, output, cacheRead] = price
  await gateway.offer(model, script, {
    price: { input: String(input), output: String(output), cache_read: String(cacheRead) },
    channel: { groups: PRIORITY.includes(model) ? ['default', 'priority'] : ['default'] },
  })
}

interface Calling {
  readonly gateway: TestGateway
  readonly callers: readonly { readonly key: string; readonly models: readonly ModelName[] }[]
  readonly days: number
  readonly clock: Clock
  readonly nowMs: number
}

/** More on working days than at the weekend, more from week to week; the same each time. */
async function callForDays({ gateway, callers, days, clock, nowMs }: Calling) {
  const random = createRandom()
  const asked: { readonly requestId: string; readonly status: number }[] = []
  for (let day = 1; day <= days; day++) {
    const endMs = nowMs - (days - day) * DAY * 1000
    const atWeekend = [0, 6].includes(new Date(endMs).getUTCDay())
    const calls = Math.round((atWeekend ? 4 : 11) + (day / days) * 5 + random() * 4)
    for (let call = 1; call <= calls; call++) {
      clock.moveTo(endMs - (calls - call) * APART_MS - random() * APART_MS)
      const { key, models } = pick(callers, random() ** 1.6)
      const model = pick(models, random())
      const fails = random() < 0.04 || (day === days && call === calls - 2)
      const user = fails ? REFUSED : tokensOf(model, random)
      const answered = await gateway.call(asking(model, { stream: true, user }), key)
      if (answered.status !== (fails ? 400 : 200)) throw new Error(answered.text)
      asked.push(answered)
    }
  }
  return asked
}

/** The one at a share of the whole list. */
const pick = <One>(list: readonly One[], share: number): One =>
  list[Math.floor(share * list.length)] as One

/** Between two calls of a day, and before it ends. */
const APART_MS = 31 * 60_000

function tokensOf(model: ModelName, random: () => number): string {
  const { reads, writes } = MODELS[model]
  const prompt = Math.round(reads * (0.4 + 1.4 * random()))
  const cached = random() < 0.5 ? Math.round(prompt * (0.3 + 0.5 * random())) : 0
  return [prompt, Math.round(writes * (0.4 + 1.4 * random())), cached].join('/')
}

/** Park and Miller's: as random as a picture needs, and the same every time. */
function createRandom(): () => number {
  let state = 20_270_318
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}
