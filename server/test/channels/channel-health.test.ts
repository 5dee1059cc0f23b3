import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Channel } from '../../src/channels/channel.ts'
import type { Try } from '../../src/channels/health/channel-health.ts'
import { createHealth, type HealthParts } from '../../src/channels/health/health.ts'
import { aChannel } from './a-channel.ts'

function setUp(fields: Partial<Channel> = {}) {
  const clock = { now: 1_000 }
  const lines: string[] = []
  const told: HealthParts['told'] = ({ name }, { keyAt, opened }) =>
    void lines.push(`${name}${keyAt === undefined ? '' : ` key ${keyAt}`} ${opened?.reason}`)
  const health = createHealth({ clock, told, wall: () => 0, random: () => 0 })
  const channel = aChannel(1, fields)
  health.follow(1, channel)
  const begin = () => health.of(channel).begin(clock.now)
  const times = (count: number, word: (one: Try) => void) => {
    for (let at = 0; at < count; at++) word(begin())
  }
  const state = () => health.standing(channel).state
  return { clock, lines, health, channel, begin, times, state }
}
const keysOf = (text: string) => ({ authorization: text.split(' ') })
const failed = (one: Try) => one.failed(1_000)
const worked = (one: Try) => one.worked(1_000)

describe('a channel', () => {
  it('opens after five failures in a row, and says so once', () => {
    const { times, state, lines, health } = setUp()
    times(4, failed)
    times(1, worked)
    times(4, failed)
    expect(state()).toBe('closed')
    times(1, failed)
    expect(state()).toBe('open')
    expect(lines).toEqual(['channel 1 consecutive_failures'])
    expect([...health.openings]).toEqual([['consecutive_failures', 1]])
  })

  it('needs a longer row when it answers much', () => {
    const { times, state } = setUp()
    times(300, worked)
    times(7, failed)
    expect(state()).toBe('closed')
    times(1, failed)
    expect(state()).toBe('open')
  })

  it('opens when half of its calls fail, but not before there are twenty, nor for failures of long ago', () => {
    const { times, state, clock } = setUp()
    for (let at = 0; at < 9; at++) {
      times(1, failed)
      times(1, worked)
    }
    expect(state()).toBe('closed')
    clock.now += 31_000
    times(1, (one) => one.failed(clock.now))
    times(9, (one) => one.worked(clock.now))
    times(4, (one) => one.failed(clock.now))
    expect(state()).toBe('closed')
    for (let at = 0; at < 4; at++) {
      expect(state()).toBe('closed')
      times(1, (one) => one.worked(clock.now))
      times(2, (one) => one.failed(clock.now))
    }
    expect(state()).toBe('open')
  })

  it('does not mind callers that leave, nor those whose calls are wrong', () => {
    const { times, state } = setUp()
    times(50, (one) => one.untold())
    times(4, failed)
    times(1, (one) => one.untold())
    expect(state()).toBe('closed')
  })

  it('takes one probe when its time is over; a failed one opens it for longer, a good one closes it', () => {
    const { times, state, clock, begin, health, channel, lines } = setUp()
    times(5, failed)
    clock.now = 6_000
    expect(state()).toBe('half_open')
    const probe = begin()
    expect(health.of(channel).mayTry(clock.now)).toBe(false)
    probe.failed(clock.now)
    expect(health.of(channel).triableAt(clock.now)).toBe(16_000)
    clock.now = 16_000
    begin().worked(clock.now)
    expect(state()).toBe('closed')
    expect(lines.at(-1)).toBe('channel 1 undefined')
  })

  it('lets the next probe through when an answer begins, and again when a probe’s client leaves', () => {
    const { times, clock, begin, health, channel } = setUp()
    times(5, failed)
    clock.now = 6_000
    const first = begin()
    first.answering()
    const second = begin()
    expect(health.of(channel).mayTry(clock.now)).toBe(false)
    first.untold()
    expect(health.of(channel).mayTry(clock.now)).toBe(false)
    second.untold()
    expect(health.of(channel).mayTry(clock.now)).toBe(true)
  })

  it('whose servers ask for a pause has it at once', () => {
    const { begin, health, channel, clock } = setUp()
    begin().failed(clock.now, 30_000)
    expect(health.of(channel).triableAt(clock.now)).toBe(31_000)
  })

  it('sends its keys in turn, and leaves out the one that is refused, until none is left', () => {
    const { begin, times, state, health, channel, clock, lines } = setUp(keysOf('a b c'))
    const sent = (count: number) => Array.from({ length: count }, () => begin().keyAt)
    expect(sent(4)).toEqual([0, 1, 2, 0])
    times(1, (one) => one.refused(clock.now, { reason: 'denied' }))
    expect(sent(4)).toEqual([2, 0, 2, 0])
    expect(lines).toEqual(['channel 1 key 1 denied'])
    times(1, (one) => one.refused(clock.now, { reason: 'rate_limited', askedMs: 20_000 }))
    expect(state()).toBe('closed')
    times(1, (one) => one.refused(clock.now, { reason: 'rate_limited', askedMs: 30_000 }))
    expect(health.standing(channel)).toMatchObject({
      state: 'open',
      reason: 'rate_limited',
      openUntil: 20,
      keys: [{ openUntil: 30 }, { openUntil: 60 }, { openUntil: 20 }],
    })
    expect(health.of(channel).triableAt(clock.now)).toBe(21_000)
    clock.now = 21_000
    expect(state()).toBe('half_open')
    expect(sent(1)).toEqual([2])
  })

  it('that refuses a key has servers that work', () => {
    const { times, clock, begin, health, channel } = setUp(keysOf('a b'))
    times(5, failed)
    clock.now = 6_000
    begin().refused(clock.now, { reason: 'denied' })
    expect(health.standing(channel)).toMatchObject({ state: 'closed' })
  })

  it('knows how busy it is, and forgets slowly how slow it was', () => {
    const { begin, health, channel } = setUp()
    const known = health.of(channel)
    expect(known.latencyMs(0)).toBe(0)
    known.answeredIn(1_000, 0)
    known.answeredIn(2_000, 0)
    expect(known.latencyMs(0)).toBe(1_100)
    expect(known.latencyMs(15_000)).toBe(550)
    const running = [begin(), begin(), begin()]
    expect(known.inFlight).toBe(3)
    for (const one of running) {
      one.worked(1_000)
      one.failed(1_000)
      one.untold()
    }
    expect(known.inFlight).toBe(0)
  })

  it('whatever its calls end with, has none running at the end, and can be tried again some time', () => {
    const words: readonly ((one: Try, now: number) => void)[] = [
      (one, now) => one.worked(now),
      (one, now) => one.failed(now),
      (one, now) => one.failed(now, 2_000),
      (one, now) => one.refused(now, { reason: 'denied' }),
      (one, now) => one.refused(now, { reason: 'rate_limited' }),
      (one) => one.untold(),
      (one) => one.answering(),
    ]
    const step = fc.record({ afterMs: fc.nat(20_000), begins: fc.boolean(), word: fc.nat(6) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { health, channel, clock } = setUp(keysOf('a b'))
        const known = health.of(channel)
        const running: Try[] = []
        for (const { afterMs, begins, word } of steps) {
          clock.now += afterMs
          if (begins && known.mayTry(clock.now)) running.push(known.begin(clock.now))
          else if (running[0] !== undefined) {
            words[word]?.(running[0], clock.now)
            if (word !== 6) running.shift()
          }
          expect(known.inFlight).toBe(running.length)
        }
        for (const one of running) one.untold()
        expect(known.inFlight).toBe(0)
        expect(known.mayTry(known.triableAt(clock.now))).toBe(true)
      }),
    )
  })
})

describe('what is known of a channel', () => {
  const opened = (fields: Partial<Channel> = {}) => {
    const tools = setUp(fields)
    tools.times(5, failed)
    expect(tools.state()).toBe('open')
    const after = (changed: Partial<Channel>) => {
      const next = { ...tools.channel, ...changed }
      tools.health.follow(1, next)
      return tools.health.standing(next).state
    }
    return { ...tools, after }
  }

  it('stays when something else of it changes', () => {
    const { after } = opened()
    expect(after({ name: 'other', weight: 9, priority: 3, models: new Set(['x']) })).toBe('open')
    expect(after({ enabled: false })).toBe('open')
  })

  it.each<readonly [string, Partial<Channel>]>([
    ['its keys', keysOf('other')],
    ['the number of its keys', keysOf('a b')],
    ['its host', { baseUrl: { origin: 'http://other', pathPrefix: '/v1' } }],
    ['its path', { baseUrl: { origin: 'http://here', pathPrefix: '/v2' } }],
  ])('begins anew with %s', (_what, changed) => {
    const { after, lines } = opened()
    expect(after(changed)).toBe('closed')
    expect(lines).toEqual(['channel 1 consecutive_failures', 'channel 1 undefined'])
  })

  it('begins anew when an administrator enables it, or a test of it succeeds', () => {
    const { after, lines } = opened()
    after({ enabled: false })
    expect(after({ enabled: true, name: 'other' })).toBe('closed')
    expect(lines.slice(1)).toEqual(['other undefined'])
    const tested = opened()
    tested.health.reset(1)
    expect(tested.state()).toBe('closed')
  })

  it('a reset tells once of each breaker that was not closed', () => {
    const { health, times, begin, clock, lines } = setUp(keysOf('a b c'))
    const late = begin()
    begin().refused(clock.now, { reason: 'denied' })
    times(5, failed)
    lines.length = 0
    health.reset(1)
    expect(lines).toEqual(['channel 1 undefined', 'channel 1 key 1 undefined'])
    health.reset(1)
    worked(late)
    expect(lines).toHaveLength(2)
  })

  it('goes with it, also when a call is still on its way', () => {
    const { health, channel, begin, after } = opened()
    health.reset(1)
    const late = begin()
    health.follow(1, undefined)
    late.failed(0)
    expect(health.standing(channel).state).toBe('closed')
    expect(after({})).toBe('closed')
  })
})
