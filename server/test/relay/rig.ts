import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { Agent } from 'undici'
import type { Channel } from '../../src/channels/channel.ts'
import { createDial } from '../../src/channels/dial.ts'
import { createHealth } from '../../src/channels/health/health.ts'
import { createClientAddress } from '../../src/http/client-address.ts'
import { createListener, type ListenerParts } from '../../src/http/listener.ts'
import { createRequestIds } from '../../src/http/request-ids.ts'
import type { Jobs } from '../../src/jobs/jobs.ts'
import type { ApiKey } from '../../src/keys/api-key.ts'
import { generateKey } from '../../src/keys/secret.ts'
import type { Payers, Reservation, Short, UsageRecord } from '../../src/ledger/ledger.ts'
import { type Units, units } from '../../src/ledger/units.ts'
import type { Objects } from '../../src/objects/objects.ts'
import { compilePrice } from '../../src/prices/price.ts'
import { createRates } from '../../src/rates/rates.ts'
import { createDeadlines } from '../../src/relay/forward/deadlines.ts'
import { createRelay } from '../../src/relay/relay.ts'
import { createRunningCalls } from '../../src/relay/running.ts'
import { createSteps } from '../../src/relay/steps.ts'
import {
  settings as catalogue,
  type SettingName,
  type SettingValues,
} from '../../src/settings/catalogue.ts'
import { createUploads, type Uploads } from '../../src/uploads/uploads.ts'
import { aChannel } from '../channels/a-channel.ts'

export type Script = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void

export const KEY = generateKey((bytes) => new Uint8Array(bytes).fill(7))

/** What the rig's ledger was told, in order. */
export interface Ending {
  readonly cost: number
  readonly record: UsageRecord
}

export interface RigOptions {
  readonly scripts?: readonly Script[]
  readonly key?: Partial<ApiKey>
  readonly channels?: readonly Partial<Channel>[]
  readonly settings?: Partial<SettingValues>
  readonly remain?: number
  readonly maxOutput?: number
  readonly trusted?: Parameters<typeof createClientAddress>[0]
  readonly settlePatienceMs?: number
  readonly chance?: () => number
  readonly bodyIdleMs?: number
  readonly uploads?: Uploads
  readonly arrival?: ListenerParts['arrival']
  /** Holds every settlement back until it is called by the test. */
  readonly holdSettlements?: boolean
}

/** One unit an input token, four an output token. */
const PRICE = compilePrice({ input: '2', output: '8' })

/** Nobody keeps anything: the tests of test/objects have a database for that. */
const NO_OBJECTS: Objects = {
  find: async () => [],
  keep: async () => {},
  update: async () => {},
  forget: async () => {},
  list: async () => [],
}

/** Nobody begins a job: see test/jobs. */
const NO_JOBS: Jobs = {
  begin: async () => {},
  began: async () => {},
  drop: async () => {},
  due: async () => [],
  claim: async () => false,
  postpone: async () => {},
  hurry: async () => {},
  find: async () => undefined,
  ofRequests: async () => [],
  end: async () => undefined,
}

/** The door and the relay with real sockets on both sides; nouns are the least that a call needs. */
export async function startRig(options: RigOptions = {}) {
  const { scripts = [], remain = 1e9 } = options
  const received: { request: IncomingMessage; body: Buffer }[] = []
  const upstreams = await Promise.all(scripts.map((script) => startUpstream(script, received)))
  const channels = upstreams.map(({ origin }, at) => toChannel(at, origin, options.channels?.[at]))
  const book = createBook(remain, options.holdSettlements ?? false)
  const deadlines = createDeadlines(10)
  const dispatcher = new Agent()
  const told: object[] = []
  const clock = { now: 0 }
  const tell = (...line: unknown[]) => void told.push(line)
  const log = { info: tell, warn: tell, error: tell }
  const get = <N extends SettingName>(name: N) =>
    (options.settings?.[name] ?? catalogue[name].standard) as SettingValues[N]
  const key = { ...ANY_KEY, ...options.key }
  const health = createHealth({
    ...{ clock, wall: Date.now, random: () => 0 },
    told: (channel, change) => void told.push([channel.id, change]),
  })
  for (const channel of channels) health.follow(channel.id, channel)
  const again = { within: 0, refused: 0 }
  const hedges: string[] = []
  const steps = createSteps({
    keys: {
      find: (digest) => (digest === `digest of ${KEY}` ? key : undefined),
      isUnknown: () => false,
      touch: () => {},
    },
    chargedPrices: { note: () => {} },
    vault: { digest: (value) => `digest of ${value}` },
    ledger: book,
    budgets: { running: () => [] },
    directory: {
      candidates: (_group, model) => channels.filter(({ models }) => models.has(model)),
      models: () => [...new Set(channels.flatMap(({ models }) => [...models]))],
      get: (id) => channels.find((channel) => channel.id === id),
      all: () => channels,
    },
    prices: {
      priceOf: (model) => (model === 'unpriced' ? undefined : PRICE),
      maxOutput: () => options.maxOutput,
      contextWindow: () => undefined,
    },
    tokenizer: {
      count: (texts) => Promise.resolve(texts.join(' ').split(/\s+/).filter(Boolean).length),
    },
    objects: NO_OBJECTS,
    jobs: NO_JOBS,
    rates: createRates({ now: () => performance.now() }),
    running: createRunningCalls(),
    dial: createDial({ privateUpstreams: 'allow', outwardProxies: undefined }),
    accepting: () => true,
    draining: () => false,
    settings: { get },
    groups: { get: () => undefined },
    health,
    metrics: {
      used: () => {},
      attempted: () => {},
      hedged: (outcome) => void hedges.push(outcome),
      triedAgain: (isWithinBudget) => void again[isWithinBudget ? 'within' : 'refused']++,
    },
    dispatcher,
    simulate: () => ({ pause() {}, resume() {}, abort() {} }),
    deadlines,
    now: Date.now,
    chance: options.chance ?? (() => 0),
    log,
    ...(options.settlePatienceMs === undefined
      ? {}
      : { settlePatienceMs: options.settlePatienceMs }),
  })
  let draining = false
  const listener = createListener({
    relay: createRelay(steps),
    clientAddress: createClientAddress(options.trusted),
    deadlines,
    nextId: createRequestIds((bytes) => new Uint8Array(bytes), Date.now()),
    bodyBytes: () => get('limits.body_bytes'),
    uploads: options.uploads ?? createUploads({ folder: tmpdir(), mostBytes: () => 2 ** 30 }),
    bodyIdleMs: options.bodyIdleMs ?? 30_000,
    errorType: () => get('errors.type'),
    draining: () => draining,
    now: Date.now,
    log,
    served: () => {},
    manage: (_request, response) => void response.end('manage'),
    ...(options.arrival === undefined ? {} : { arrival: options.arrival }),
  })
  const port = await listening(listener.server)
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    listener,
    book,
    /** The clock of channels' health, which only the test moves. */
    clock,
    health,
    channels,
    /** What the retry budget said. */
    again,
    /** How races ended. */
    hedges,
    received,
    told,
    upstreams,
    beginDraining() {
      draining = true
    },
    async call(body: unknown, more: RequestInit & { path?: string } = {}) {
      const sent =
        typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
      return fetch(`http://127.0.0.1:${port}${more.path ?? '/v1/chat/completions'}`, {
        method: 'POST',
        ...more,
        body: more.method === 'GET' || more.method === 'OPTIONS' ? null : (sent as string),
        headers: {
          authorization: `Bearer ${KEY}`,
          'content-type': 'application/json',
          ...more.headers,
        },
      })
    },
    async close() {
      listener.server.closeAllConnections()
      await new Promise((resolve) => listener.server.close(resolve))
      await dispatcher.destroy()
      deadlines.close()
      for (const { server } of upstreams) server.closeAllConnections()
      for (const { server } of upstreams) await new Promise((resolve) => server.close(resolve))
    },
  }
}

export type Rig = Awaited<ReturnType<typeof startRig>>

async function startUpstream(
  script: Script,
  received: { request: IncomingMessage; body: Buffer }[],
) {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      received.push({ request, body })
      script(request, response, body)
    })
  })
  return { server, origin: `http://127.0.0.1:${await listening(server)}` }
}

async function listening(server: ReturnType<typeof createServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

const toChannel = (at: number, origin: string, more: Partial<Channel> = {}): Channel =>
  aChannel(at + 1, {
    baseUrl: { origin, pathPrefix: '/v1' },
    authorization: [`upstream-secret-${at + 1}`],
    models: new Set(['m', 'unpriced']),
    ...more,
  })

const ANY_KEY: ApiKey = {
  id: 1,
  accountId: 1,
  name: 'test',
  username: 'somebody',
  entity: 4,
  unlimited: false,
  accountEntity: 5,
  accountUnlimited: true,
  accountActive: true,
  disabled: false,
  mark: 0,
  expiresAt: null,
  modelLimits: [],
  addressCount: 0,
  group: 'default',
  groups: [{ name: 'default', ratio: '1' }],
  accountGroups: ['default'],
  crossGroupRetry: false,
  fallbackModels: undefined,
  limits: undefined,
  budgets: undefined,
  mayUseModel: () => true,
  mayCallFrom: () => true,
}

/** One purse. Says how every reservation ended. */
function createBook(remain: number, holdSettlements: boolean) {
  let left = remain
  let held = 0
  const endings: Ending[] = []
  const reserved: number[] = []
  const waiting: (() => void)[] = []
  const told = { released: 0, renounced: 0 }
  const shortOf = (amount: number): Short => ({
    ...{ entity: 'key', balance: 4 },
    ...{ reserved: amount <= left, available: left - held },
  })
  const reserve = (payers: Payers, amount: Units): Reservation | Short => {
    if (amount > left - held) {
      return shortOf(amount)
    }
    held += amount
    reserved.push(amount)
    let open = true
    return {
      payers,
      amount,
      extend: () => true,
      async settle(cost, record) {
        if (!open) throw new Error('settled twice')
        open = false
        held -= amount
        left -= cost
        endings.push({ cost, record })
        if (holdSettlements) await new Promise<void>((resolve) => waiting.push(resolve))
        return { charged: cost, shortfall: 0 }
      },
      renounce: () => void told.renounced++,
      release() {
        if (!open) return
        open = false
        held -= amount
        told.released++
      },
    }
  }
  return {
    endings,
    reserved,
    told,
    /** Units that other calls hold. */
    hold(amount: number) {
      held += amount
    },
    letSettle() {
      for (const resolve of waiting.splice(0)) resolve()
    },
    available: () => left - held,
    remaining: () => left,
    lacks: (_payers: Payers, amount: Units): Short | undefined =>
      amount > left - held ? shortOf(amount) : undefined,
    reserve,
    reserveSoon: (payers: Payers, amount: Units) => Promise.resolve(reserve(payers, units(amount))),
  }
}

/** A plain answer with usage. */
export const answers =
  (
    text = 'Hello there',
    usage: object | null = { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 },
  ): Script =>
  (_request, response) => {
    const body = JSON.stringify({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
      ...(usage === null ? {} : { usage }),
    })
    response.writeHead(200, {
      'content-type': 'application/json',
      'x-ratelimit-remaining': '7',
      server: 'nginx',
    })
    response.end(body)
  }

export const event = (value: unknown) =>
  `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`

export const delta = (content: string, more: object = {}) =>
  event({ id: 'c', choices: [{ index: 0, delta: { content }, finish_reason: null }], ...more })

export const finish = (more: object = {}) =>
  event({ id: 'c', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], ...more })

export const report = event({
  id: 'c',
  choices: [],
  usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
})

/** Writes the events one by one, each in a packet of its own. */
export const streams =
  (...events: readonly string[]): Script =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const one of events) response.write(one)
    response.end()
  }

export const ask = (more: object = {}) => ({
  model: 'm',
  messages: [{ role: 'user', content: 'Say hello.' }],
  ...more,
})
