import { randomBytes } from 'node:crypto'
import type { managing } from '../gateway.ts'
import type { Subject, Times } from './until.ts'

/** Two gateways on one database: changes are made at one, calls at the other. */
export interface Pair {
  readonly manage: ReturnType<typeof managing>
  /** Of the node where changes are made. */
  readonly here: string
  readonly there: string
  readonly upstream: string
}

/** One line of the table. */
export interface Change {
  readonly what: string
  /** How many may be under way at once, without being in each other's way. */
  readonly atOnce: number
  /** Makes what is changed, ready to be used at the other node. */
  subject(pair: Pair): Promise<Subject>
}

/** A model of the furnishing, and what a call of it costs: 40 tokens in, 20 out. */
const MODEL = 'bench-0'
const CHEAP = { price: { input: '0.15', output: '0.6' }, cost: '9' }
const DEAR = { price: { input: '15', output: '60' }, cost: '900' }

/** A call at the other node, read to its end. */
export async function callThere({ there }: Pair, key: string, model = MODEL) {
  const response = await fetch(`${there}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      ...{ model, max_tokens: 64 },
      messages: [{ role: 'user', content: 'lorem ipsum '.repeat(80) }],
    }),
  })
  return {
    status: response.status,
    cost: response.headers.get('x-turnpike-cost'),
    text: await response.text(),
  }
}

export const createKey = ({ manage }: Pair) =>
  manage('POST', '/api/token/', { name: 'bench', remain_quota: 1_000_000_000 })

/** Until a call of it is served there. */
async function served(pair: Pair, key: string, model = MODEL): Promise<void> {
  while ((await callThere(pair, key, model)).status !== 200);
}

/** A key that the other node knows, and then refuses. */
const ofKey =
  (change: (pair: Pair, id: number) => Promise<unknown>) =>
  async (pair: Pair): Promise<Subject> => {
    const { id, key } = await createKey(pair)
    await served(pair, key)
    return {
      change: () => change(pair, id),
      counts: async () => (await callThere(pair, key)).status !== 200,
    }
  }

const edit = (fields: object) =>
  ofKey(({ manage }, id) => manage('PUT', '/api/token/', { id, ...fields }))

/** One key, used by the subjects whose change is not about keys. */
function sharedKey() {
  let made: Promise<string> | undefined
  return (pair: Pair) => {
    made ??= createKey(pair).then(async ({ key }) => {
      await served(pair, key)
      return key
    })
    return made
  }
}
const keyOf = sharedKey()

let lastNumber = 0
const newName = (what: string) => `${what}-${++lastNumber}-${randomBytes(4).toString('hex')}`

async function account(pair: Pair): Promise<Subject> {
  const { manage, here } = pair
  const { id } = await manage('POST', '/api/user/', {
    username: newName('bench'),
    quota: 1_000_000,
  })
  const made = await manage('POST', `/api/user/${id}/access_tokens`, { name: 'bench' })
  const response = await fetch(`${here}/api/token/`, {
    method: 'POST',
    headers: {
      authorization: String(Reflect.get(made, 'token')),
      'content-type': 'application/json',
      prefer: 'return=representation',
    },
    body: JSON.stringify({ name: 'bench', unlimited_quota: true }),
  })
  const { data } = (await response.json()) as { data: { key: string } }
  await served(pair, data.key)
  return {
    change: () => manage('PUT', `/api/user/${id}`, { status: 2 }),
    counts: async () => (await callThere(pair, data.key)).status !== 200,
  }
}

/** A model that one channel of its own serves. */
async function newModel(pair: Pair, { price }: typeof CHEAP) {
  const model = newName('bench')
  await pair.manage('PUT', `/api/price/${model}`, price)
  const { id } = await pair.manage('POST', '/api/channel/', {
    ...{ name: model, type: 'openai-compatible', base_url: `${pair.upstream}/v1` },
    ...{ keys: ['bench-upstream-key'], models: [model], groups: ['default'] },
  })
  const key = await keyOf(pair)
  await served(pair, key, model)
  return { model, key, channel: id }
}

async function price(pair: Pair): Promise<Subject> {
  const { model, key } = await newModel(pair, CHEAP)
  return {
    change: () => pair.manage('PUT', `/api/price/${model}`, DEAR.price),
    async counts() {
      const { cost } = await callThere(pair, key, model)
      if (cost !== CHEAP.cost && cost !== DEAR.cost) throw new Error(`a call cost ${cost}`)
      return cost === DEAR.cost
    },
  }
}

async function channel(pair: Pair): Promise<Subject> {
  const { model, key, channel: id } = await newModel(pair, CHEAP)
  return {
    change: () => pair.manage('PUT', `/api/channel/${id}`, { status: 2 }),
    counts: async () => (await callThere(pair, key, model)).status !== 200,
  }
}

const TYPES = ['turnpike_error', 'invalid_request_error'] as const
let changedSettings = 0

/** What errors are called, which every refusal shows. */
async function setting(pair: Pair): Promise<Subject> {
  const type = TYPES[changedSettings++ % TYPES.length]
  return {
    change: () => pair.manage('PUT', '/api/setting/', { 'errors.type': type }),
    counts: async () => (await callThere(pair, 'sk-nobody')).text.includes(`"type":"${type}"`),
  }
}

const AT_ONCE = 5

/**
 * A key that was not there counts as soon as it is known, and is answered when it came into memory and units were borrowed
 * for it.
 */
export async function untilUsable(pair: Pair): Promise<{ usable: Times; answered: Times }> {
  const sentAt = performance.now()
  const { key } = await createKey(pair)
  const answeredAt = performance.now()
  for (;;) {
    const beganAt = performance.now()
    if ((await callThere(pair, key)).status !== 200) continue
    const since = (at: number) => ({ sent: at - sentAt, answered: at - answeredAt })
    return { usable: since(beganAt), answered: since(performance.now()) }
  }
}

/** Those of what is in use. */
export const CHANGES: readonly Change[] = [
  { what: 'key disabled', atOnce: AT_ONCE, subject: edit({ status: 2 }) },
  {
    what: 'key deleted',
    atOnce: AT_ONCE,
    subject: ofKey(({ manage }, id) => manage('DELETE', `/api/token/${id}`)),
  },
  {
    what: "key's addresses edited",
    atOnce: AT_ONCE,
    subject: edit({ allow_ips: '203.0.113.9' }),
  },
  {
    what: "key's models edited",
    atOnce: AT_ONCE,
    subject: edit({ model_limits_enabled: true, model_limits: 'another' }),
  },
  { what: 'account suspended', atOnce: AT_ONCE, subject: account },
  { what: 'price changed', atOnce: AT_ONCE, subject: price },
  { what: 'channel disabled', atOnce: AT_ONCE, subject: channel },
  { what: 'setting changed', atOnce: 1, subject: setting },
]
