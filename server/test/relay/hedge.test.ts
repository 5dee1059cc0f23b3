import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import type { Channel } from '../../src/channels/channel.ts'
import {
  answers,
  ask,
  delta,
  event,
  finish,
  type Rig,
  type RigOptions,
  type Script,
  startRig,
} from './rig.ts'

let rig: Rig
afterEach(() => rig.close())

/** An upstream that is late, and what became of its connection. */
function late(ms: number, then: Script) {
  const seen = { asked: 0, closed: 0 }
  const script: Script = (request, response, body) => {
    seen.asked++
    response.on('close', () => {
      if (!response.writableFinished) seen.closed++
    })
    const timer = setTimeout(() => then(request, response, body), ms)
    response.on('close', () => clearTimeout(timer))
  }
  return { seen, script }
}
const says =
  (status: number): Script =>
  (_, response) =>
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify({ error: { message: `no ${status}` } }))
/** Answers whatever was asked for; its usage is its own. */
const served =
  (completion: number, text = 'Hello'): Script =>
  (request, response, body) => {
    const usage = {
      prompt_tokens: 10,
      completion_tokens: completion,
      total_tokens: 10 + completion,
    }
    if (JSON.parse(String(body)).stream !== true)
      return answers(text, usage)(request, response, body)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(
      `${delta(text)}${finish()}${event({ id: 'c', choices: [], usage })}${event('[DONE]')}`,
    )
  }
const cost = (completion: number) => 10 + 4 * completion
const NEVER = 60_000

const on = { 'routing.hedge': 'on', 'routing.hedge_after_ms': 50 } as const
interface Options extends RigOptions {
  /** How soon the first channel usually begins. */
  readonly usualMs?: number
}
async function start({ usualMs = 20, settings, ...options }: Options) {
  const channels = options.channels ?? (options.scripts ?? []).map((_, at) => ({ priority: -at }))
  rig = await startRig({ ...options, channels, settings: { ...on, ...settings } })
  for (const stream of [true, false]) {
    const known = health(0).firstBytesOf({ model: 'm', stream })
    for (let at = 0; at < 20; at++) known.add(usualMs)
  }
}
const health = (at: number) => rig.health.of(rig.channels[at] as Channel)
const running = () => rig.channels.map((_, at) => health(at).inFlight)
const states = () => rig.channels.map((channel) => rig.health.standing(channel).state)

async function call(more: object = {}) {
  const answer = await rig.call(ask(more))
  return { answer, text: await answer.text() }
}
/** Of the only call, what the books say. */
function booked() {
  expect(rig.book.endings).toHaveLength(1)
  const { cost: charged, record } = rig.book.endings[0] as (typeof rig.book.endings)[0]
  const list: { channel: number; outcome: string; status: number }[] = JSON.parse(
    record.attempt_list ?? '[]',
  )
  const tried = list.map(({ channel, status, outcome }) => `${channel} ${status} ${outcome}`)
  return { charged, channel: record.channel_id, attempts: record.attempts, tried }
}

describe.each([
  ['plain', {}],
  ['streaming', { stream: true }],
])('a late first byte, %s', (_how, more) => {
  it('has the next channel asked, whose answer is the call’s; the late one is closed', async () => {
    const slow = late(NEVER, served(1))
    await start({ scripts: [slow.script, served(7, 'Second')] })
    const { answer, text } = await call(more)
    expect([answer.status, answer.headers.get('x-turnpike-attempts')]).toEqual([200, '2'])
    expect(text).toContain('Second')
    expect(booked()).toEqual({
      ...{ charged: cost(7), channel: 2, attempts: 2 },
      tried: ['1 0 lost_race', '2 200 answered'],
    })
    await expect.poll(() => slow.seen).toEqual({ asked: 1, closed: 1 })
    expect(running()).toEqual([0, 0])
    expect(rig.hedges).toEqual(['second'])
    expect(rig.again).toEqual({ within: 0, refused: 0 })
  })

  it('is no failure of the channel, however often, and is remembered as late as it surely was', async () => {
    const slow = late(NEVER, served(1))
    await start({ scripts: [slow.script, served(7)] })
    for (let at = 0; at < 8; at++) await call(more)
    expect(states()).toEqual(['closed', 'closed'])
    expect(slow.seen.asked).toBe(8)
    expect(health(0).firstBytesOf({ model: 'm', stream: 'stream' in more }).p95).toBe(50)
    expect(health(0).latencyMs(0)).toBeGreaterThanOrEqual(50)
  })

  it('that comes before the second one’s wins; the second is closed', async () => {
    const slow = late(400, served(1, 'First'))
    const slower = late(NEVER, served(7))
    await start({ scripts: [slow.script, slower.script] })
    const { answer, text } = await call(more)
    expect(answer.headers.get('x-turnpike-attempts')).toBe('2')
    expect(text).toContain('First')
    expect(booked()).toEqual({
      ...{ charged: cost(1), channel: 1, attempts: 2 },
      tried: ['1 200 answered', '2 0 lost_race'],
    })
    await expect.poll(() => slower.seen).toEqual({ asked: 1, closed: 1 })
    expect(running()).toEqual([0, 0])
    expect(rig.hedges).toEqual(['first'])
  })

  it('goes on alone when the second fails', async () => {
    const slow = late(400, served(1, 'First'))
    await start({ scripts: [slow.script, says(500)] })
    expect((await call(more)).text).toContain('First')
    expect(booked()).toEqual({
      ...{ charged: cost(1), channel: 1, attempts: 2 },
      tried: ['1 200 answered', '2 500 refused'],
    })
    expect(running()).toEqual([0, 0])
  })

  it('that ends in a failure leaves the call to the second', async () => {
    const slow = late(400, says(503))
    const slower = late(500, served(7, 'Second'))
    await start({ scripts: [slow.script, slower.script] })
    expect((await call(more)).text).toContain('Second')
    expect(booked()).toEqual({
      ...{ charged: cost(7), channel: 2, attempts: 2 },
      tried: ['1 503 refused', '2 200 answered'],
    })
  })

  it('when both fail, is followed by the third channel, and nobody is asked twice', async () => {
    const slow = late(200, says(503))
    await start({ scripts: [slow.script, late(400, says(500)).script, served(3, 'Third')] })
    const { answer, text } = await call(more)
    expect(text).toContain('Third')
    expect(answer.headers.get('x-turnpike-attempts')).toBe('3')
    expect(booked()).toMatchObject({ charged: cost(3), channel: 3, attempts: 3 })
    expect(booked().tried.toSorted()).toEqual(['1 503 refused', '2 500 refused', '3 200 answered'])
    expect(rig.received).toHaveLength(3)
    expect(rig.again.within).toBe(1)
  })

  it('has the third channel asked when the second fails while the first is silent', async () => {
    const silent = late(NEVER, served(1))
    await start({ scripts: [silent.script, says(500), served(3, 'Third')] })
    const { answer, text } = await call(more)
    expect(text).toContain('Third')
    expect(answer.headers.get('x-turnpike-attempts')).toBe('3')
    expect(booked()).toEqual({
      ...{ charged: cost(3), channel: 3, attempts: 3 },
      tried: ['1 0 lost_race', '2 500 refused', '3 200 answered'],
    })
    expect(rig.received).toHaveLength(3)
    expect(running()).toEqual([0, 0, 0])
  })

  it('when all fail, ends with the last answer, charged nothing', async () => {
    await start({ scripts: [late(300, says(503)).script, late(500, says(500)).script] })
    const { answer, text } = await call(more)
    expect([answer.status, answer.headers.get('x-turnpike-attempts')]).toEqual([500, '2'])
    expect(text).toContain('no 500')
    expect(booked()).toMatchObject({ charged: 0, attempts: 2 })
    expect(rig.hedges).toEqual(['none'])
  })

  it('whose answer is the caller’s to mend ends the second, and is passed on', async () => {
    const slower = late(NEVER, served(7))
    await start({ scripts: [late(400, says(422)).script, slower.script] })
    const { answer, text } = await call(more)
    expect([answer.status, text]).toEqual([422, expect.stringContaining('no 422')])
    expect(booked()).toMatchObject({ charged: 0, tried: ['1 422 refused', '2 0 lost_race'] })
    await expect.poll(() => slower.seen.closed).toBe(1)
  })

  it('of a caller that leaves closes both', async () => {
    const slow = late(NEVER, served(1))
    const slower = late(NEVER, served(7))
    await start({ scripts: [slow.script, slower.script] })
    const leaving = new AbortController()
    const left = rig.call(ask(more), { signal: leaving.signal }).catch(() => 'left')
    await expect.poll(() => slower.seen.asked).toBe(1)
    leaving.abort()
    expect(await left).toBe('left')
    await expect.poll(() => [slow.seen.closed, slower.seen.closed]).toEqual([1, 1])
    await expect.poll(() => rig.book.endings).toHaveLength(1)
    expect(booked()).toMatchObject({ charged: 0, tried: ['1 0 left', '2 0 left'] })
    expect(rig.book.endings[0]?.record.status).toBe(499)
    expect(running()).toEqual([0, 0])
    expect(states()).toEqual(['closed', 'closed'])
  })

  it('of both is waited for no longer than the whole call may take', async () => {
    const slow = late(NEVER, served(1))
    const slower = late(NEVER, served(7))
    const settings = { 'timeouts.total_ms': 800 }
    await start({ scripts: [slow.script, slower.script], settings })
    const began = performance.now()
    expect((await call(more)).answer.status).toBe(504)
    expect(performance.now() - began).toBeLessThan(5_000)
    await expect.poll(() => [slow.seen.closed, slower.seen.closed]).toEqual([1, 1])
    expect(booked()).toMatchObject({ charged: 0, tried: ['1 0 timeout', '2 0 timeout'] })
  })
})

describe('nobody else is asked', () => {
  it.each<readonly [string, Options, readonly string[]]>([
    ['unless the setting is on', { settings: { 'routing.hedge': 'off' } }, []],
    ['while it is no later than usual', { usualMs: 1_000 }, []],
    ['before the least time', { settings: { 'routing.hedge_after_ms': 5_000 } }, []],
    ['without retry budget', { settings: { 'routing.retry_percent': 0 } }, ['over_budget']],
  ])('%s', async (_when, options, hedges) => {
    const slow = late(500, served(1))
    const second = late(0, served(7))
    await start({ ...options, scripts: [slow.script, second.script] })
    expect((await call()).answer.headers.get('x-turnpike-attempts')).toBeNull()
    expect([slow.seen.asked, second.seen.asked]).toEqual([1, 0])
    expect(booked()).toEqual({ charged: cost(1), channel: 1, attempts: 1, tried: [] })
    expect(rig.hedges).toEqual(hedges)
  })

  it('by more than the retry budget allows', async () => {
    const slow = late(1_000, served(1))
    const second = late(NEVER, served(7))
    await start({ scripts: [slow.script, second.script] })
    await Promise.all(Array.from({ length: 30 }, () => call()))
    expect(slow.seen.asked).toBe(30)
    expect(second.seen.asked).toBe(10)
    expect(rig.hedges.filter((one) => one === 'over_budget')).toHaveLength(20)
  })

  it('while too little is known of the channel, nor of another model or way to answer', async () => {
    const slow = late(500, served(1))
    const second = late(0, served(7))
    rig = await startRig({
      ...{ scripts: [slow.script, second.script], channels: [{ priority: 1 }, {}], settings: on },
    })
    for (let at = 0; at < 19; at++) health(0).firstBytesOf({ model: 'm', stream: false }).add(1)
    for (let at = 0; at < 20; at++) health(0).firstBytesOf({ model: 'm', stream: true }).add(1)
    await call()
    expect(second.seen.asked).toBe(0)
    // The twentieth is that one's own.
    await call()
    expect(second.seen.asked).toBe(1)
  })

  it('once an answer has begun, however slowly it goes on', async () => {
    const second = late(0, served(7))
    const begins: Script = async (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(delta('Hel'))
      await pause(250)
      response.end(`${delta('lo')}${finish()}${event('[DONE]')}`)
    }
    await start({ scripts: [begins, second.script] })
    expect((await call({ stream: true })).text).toContain('[DONE]')
    expect(second.seen.asked).toBe(0)
  })
})

describe('what says nothing yet', () => {
  const waits =
    (then: string): Script =>
    async (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(': working\n\n')
      await pause(then === '' ? NEVER : 500)
      response.end(then)
    }

  it('wins no race, and does not go out', async () => {
    await start({ scripts: [waits(''), served(7, 'Second')] })
    const { text } = await call({ stream: true })
    expect(text).toContain('Second')
    expect(text).not.toContain('working')
    expect(booked()).toMatchObject({ charged: cost(7), channel: 2 })
  })

  it('goes out before what follows, when that wins', async () => {
    const first = waits(`${delta('First')}${finish()}${event('[DONE]')}`)
    await start({ scripts: [first, late(NEVER, served(7)).script] })
    expect((await call({ stream: true })).text).toMatch(/^: working\n\ndata: .*First/)
    expect(booked()).toMatchObject({ channel: 1 })
  })

  it('goes out at once where nobody else is asked', async () => {
    const first = waits(`${delta('First')}${finish()}${event('[DONE]')}`)
    await start({ scripts: [first, says(500)], settings: { 'routing.retry_percent': 0 } })
    expect((await call({ stream: true })).text).toMatch(/^: working\n\ndata: .*First/)
  })
})
