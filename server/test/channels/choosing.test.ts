import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Channel } from '../../src/channels/channel.ts'
import type { PolicyName } from '../../src/channels/choosing/policies.ts'
import { Turns, triableAt } from '../../src/channels/choosing/turns.ts'
import { createHealth } from '../../src/channels/health/health.ts'
import { aChannel } from './a-channel.ts'

const told = () => {}

/** Numbers that look like chance and are the same each time (mulberry32). */
function seeded(seed: number) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

function setUp(channels: readonly Channel[], random = seeded(1)) {
  const clock = { now: 0 }
  const health = createHealth({ clock, told, wall: () => 0, random: () => 0 })
  for (const channel of channels) health.follow(channel.id, channel)
  const turns = (policy: PolicyName = 'weighted', stickyKey?: number) =>
    new Turns(channels, { policy, stickyKey }, { health, random })
  const order = (policy?: PolicyName, stickyKey?: number) => {
    const ids: number[] = []
    const all = turns(policy, stickyKey)
    for (let one = all.next(); one !== undefined; one = all.next()) ids.push(one.id)
    return ids
  }
  const breakDown = (...ids: readonly number[]) => {
    for (const id of ids) {
      const known = health.of(channels.find((channel) => channel.id === id) as Channel)
      known.begin(clock.now).failed(clock.now, 9_000)
    }
  }
  /** How often each comes first. */
  const firsts = (count: number, policy?: PolicyName, key?: (at: number) => number) => {
    const seen = new Map<number, number>()
    for (let at = 0; at < count; at++) {
      const id = turns(policy, key?.(at)).next()?.id ?? 0
      seen.set(id, (seen.get(id) ?? 0) + 1)
    }
    return seen
  }
  return { clock, health, turns, order, breakDown, firsts }
}
const equals = (count: number) => Array.from({ length: count }, (_, at) => aChannel(at + 1))

describe('turns', () => {
  it('go by priority, then by chance, then to those of weight 0; nobody comes twice', () => {
    const { order } = setUp([
      aChannel(1, { priority: 5 }),
      aChannel(2, { priority: 5, weight: 0 }),
      aChannel(3, { priority: 5, weight: 100 }),
      aChannel(4),
    ])
    for (let at = 0; at < 50; at++) {
      const ids = order()
      expect([ids.slice(0, 2).sort(), ids.slice(2)]).toEqual([
        [1, 3],
        [2, 4],
      ])
    }
  })

  it('leave out who is down, also who goes down in between, and say when one may be tried', () => {
    const channels = equals(3)
    const { order, breakDown, turns, clock, health } = setUp(channels)
    breakDown(2)
    expect(order().sort()).toEqual([1, 3])
    const begun = turns()
    const first = begun.next()?.id
    breakDown(first === 1 ? 3 : 1)
    expect(begun.next()).toBeUndefined()
    expect(triableAt(channels, health)).toBe(0)
    breakDown(first as number)
    expect(order()).toEqual([])
    expect(triableAt(channels, health)).toBe(9_000)
    clock.now = 9_000
    expect(order().sort()).toEqual([1, 2, 3])
  })

  it('are shared as the weights say, also when one of them is down', () => {
    const { firsts, breakDown } = setUp([
      aChannel(1, { weight: 1 }),
      aChannel(2, { weight: 3 }),
      aChannel(3, { weight: 6 }),
    ])
    const shares = firsts(20_000)
    for (const [id, share] of [
      [1, 0.1],
      [2, 0.3],
      [3, 0.6],
    ] as const) {
      expect((shares.get(id) ?? 0) / 20_000).toBeCloseTo(share, 1)
    }
    breakDown(3)
    expect((firsts(20_000).get(2) ?? 0) / 20_000).toBeCloseTo(0.75, 1)
  })

  it('hold whatever channels there are: all that are up, once, in the order of priorities', () => {
    const one = fc.record({
      priority: fc.integer({ min: -2, max: 2 }),
      weight: fc.nat(3),
      free: fc.boolean(),
      isDown: fc.boolean(),
    })
    const policy = fc.constantFrom<PolicyName>('weighted', 'least_busy', 'cheapest')
    const key = fc.option(fc.integer(), { nil: undefined })
    fc.assert(
      fc.property(
        fc.array(one, { maxLength: 12 }),
        policy,
        key,
        fc.integer(),
        (made, name, sticky, seed) => {
          const channels = made
            .map((fields, at) => aChannel(at + 1, fields))
            .sort((a, b) => b.priority - a.priority)
          const down = new Set(made.flatMap(({ isDown }, at) => (isDown ? [at + 1] : [])))
          const { order, breakDown } = setUp(channels, seeded(seed))
          breakDown(...down)
          const ids = order(name, sticky)
          expect([...ids].sort()).toEqual(
            channels
              .map(({ id }) => id)
              .filter((id) => !down.has(id))
              .sort(),
          )
          const places = ids.map((id) => {
            const { priority, weight } = channels.find((channel) => channel.id === id) as Channel
            return priority * 2 - (weight === 0 ? 1 : 0)
          })
          expect(places).toEqual([...places].sort((a, b) => b - a))
        },
      ),
    )
  })
})

describe('least_busy', () => {
  it('prefers fewer running calls, weighed by how quickly they were answered', () => {
    const channels = equals(2)
    const { health, turns } = setUp(channels)
    const [one, two] = channels.map((channel) => health.of(channel))
    one?.begin(0)
    expect(turns('least_busy').next()?.id).toBe(2)
    // Two waiting at a quick one are answered before one at a slow one.
    one?.answeredIn(100, 0)
    two?.answeredIn(1_000, 0)
    expect(turns('least_busy').next()?.id).toBe(1)
  })

  it('keeps many channels nearly even', () => {
    const channels = equals(10)
    const { health, turns } = setUp(channels)
    for (let call = 0; call < 1_000; call++) {
      health.of(turns('least_busy').next() as Channel).begin(0)
    }
    const running = channels.map((channel) => health.of(channel).inFlight)
    expect(Math.max(...running) - Math.min(...running)).toBeLessThan(10)
  })
})

describe('cheapest', () => {
  it('goes by what a call costs the operator, and asks the dearest last', () => {
    const { order } = setUp([
      aChannel(1, { costRatio: 2 }),
      aChannel(2, { costRatio: 0.5 }),
      aChannel(3, { weight: 1_000_000 }),
    ])
    expect(order('cheapest')).toEqual([2, 3, 1])
  })

  it('takes those that cost nothing first, within their priority', () => {
    const { order } = setUp([
      aChannel(1, { priority: 1 }),
      aChannel(2, { weight: 1_000_000 }),
      aChannel(3, { free: true }),
    ])
    expect(order('cheapest')).toEqual([1, 3, 2])
  })
})

describe('a sticky key', () => {
  it('meets the same channel each time, and its own next one when that is down', () => {
    const { order, breakDown, turns } = setUp(equals(8))
    const [first, second] = order('weighted', 77)
    for (let at = 0; at < 10; at++) expect(turns('least_busy', 77).next()?.id).toBe(first)
    breakDown(first as number)
    expect(turns('weighted', 77).next()?.id).toBe(second)
  })

  it('moves only when its own channel is gone', () => {
    const { turns, breakDown } = setUp(equals(8))
    const at = (key: number) => turns('weighted', key).next()?.id
    const before = Array.from({ length: 500 }, (_, key) => at(key))
    breakDown(4)
    before.forEach((id, key) => {
      if (id === 4) expect(at(key)).not.toBe(4)
      else expect(at(key)).toBe(id)
    })
  })

  it('are shared as the weights say', () => {
    const channels = [aChannel(1), aChannel(2, { weight: 3 }), aChannel(3, { weight: 0 })]
    const shares = setUp(channels).firsts(20_000, 'weighted', (at) => at)
    expect((shares.get(2) ?? 0) / 20_000).toBeCloseTo(0.75, 1)
    expect(shares.get(3)).toBeUndefined()
  })
})
