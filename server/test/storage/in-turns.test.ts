import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { inTurns } from '../../src/storage/in-turns.ts'

/** Reads that are at work until they are told to end, in the order in which they began. */
function heldReads() {
  const begun: string[] = []
  const ends = new Map<string, PromiseWithResolvers<void>>()
  return {
    begun,
    end: (name: string) => ends.get(name)?.resolve(),
    fail: (name: string) => ends.get(name)?.reject(new Error(name)),
    async read(name: string) {
      begun.push(name)
      const end = Promise.withResolvers<void>()
      ends.set(name, end)
      await end.promise
      return [{ name }]
    },
  }
}

/** What follows from what happened has happened, and no time has passed. */
const settled = () => setImmediate()

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

describe('reads in turns', () => {
  it('begin in order, so many at once, and answer with their own rows', async () => {
    const held = heldReads()
    const read = inTurns(held.read, { atOnce: 2 })
    const answers = ['a', 'b', 'c', 'd'].map((name) => read(name, []))
    await settled()
    expect(held.begun).toEqual(['a', 'b'])
    held.end('b')
    await settled()
    expect(held.begun).toEqual(['a', 'b', 'c'])
    for (const name of ['a', 'c']) held.end(name)
    await settled()
    held.end('d')
    expect(await Promise.all(answers)).toEqual(['a', 'b', 'c', 'd'].map((name) => [{ name }]))
  })

  it('leave their turn when they fail', async () => {
    const held = heldReads()
    const read = inTurns(held.read, { atOnce: 1 })
    const failing = read('a', [])
    const next = read('b', [])
    await settled()
    held.fail('a')
    await expect(failing).rejects.toThrow('a')
    await settled()
    held.end('b')
    expect(await next).toEqual([{ name: 'b' }])
  })

  it('do not wait for a long one, which leaves its turn once', async () => {
    const held = heldReads()
    const read = inTurns(held.read, { atOnce: 1, longMs: 50 })
    const long = read('long', [])
    const next = read('next', [])
    await settled()
    vi.advanceTimersByTime(49)
    await settled()
    expect(held.begun).toEqual(['long'])
    vi.advanceTimersByTime(1)
    await settled()
    expect(held.begun).toEqual(['long', 'next'])
    const last = read('last', [])
    held.end('long')
    await long
    await settled()
    expect(held.begun).toEqual(['long', 'next'])
    held.end('next')
    await next
    await settled()
    held.end('last')
    await last
  })

  it('take no place that was handed over', async () => {
    const held = heldReads()
    const read = inTurns(held.read, { atOnce: 1 })
    const first = read('a', [])
    const second = read('b', [])
    await settled()
    held.end('a')
    // Asked while the place goes from the first to the second.
    const third = first.then(() => read('c', []))
    await settled()
    expect(held.begun).toEqual(['a', 'b'])
    held.end('b')
    await second
    await settled()
    held.end('c')
    await third
  })
})
