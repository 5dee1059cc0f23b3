import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { CommitQueue } from '../../src/storage/commit-queue.ts'
import type { Gathered } from '../../src/storage/gather.ts'
import { machineClock } from '../../src/storage/lanes/clock.ts'
import { type BatchAnswer, SETTLED } from '../../src/storage/wire.ts'
import { recordOf } from '../ledger/record.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A disk that commits when it is told to. */
function openQueue() {
  const batches: Gathered[] = []
  const answers: ((answer: BatchAnswer) => void)[] = []
  const queue = new CommitQueue({
    commit(batch) {
      batches.push(batch)
      return new Promise((resolve) => answers.push(resolve))
    },
    onBalance: () => {},
    onChange: () => {},
    clock: { ...machineClock, monotonic: () => 0 },
  })
  let settled = 0
  return {
    batches,
    settled: () => settled,
    settle(count: number) {
      for (let n = 0; n < count; n++) {
        const settlement = {
          cost: 1,
          atMost: 1,
          epoch: 0,
          key: 4,
          account: 5,
          record: recordOf('r'),
        }
        const whole = { ...settlement, keyUnlimited: false, accountUnlimited: false, budgets: [] }
        void queue.settle(whole).then(() => settled++)
      }
    },
    async commit() {
      const count = sizeOf(batches.at(-1))
      const numbers = new Float64Array(count * SETTLED)
      answers.at(-1)?.({ durable: true, settled: numbers, budgets: [], writes: [], mended: [] })
      await turn()
    },
  }
}

const sizeOf = (batch: Gathered | undefined) =>
  (batch?.order ?? []).reduce<number>((sum, part) => sum + Number(part), 0)

/** What was asked for in one turn of the loop leaves at its end. */
const turn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)))

it('whoever comes alone is committed at once', async () => {
  const { settle, commit, batches, settled } = openQueue()
  settle(1)
  await turn()
  expect(batches).toHaveLength(1)
  settle(1)
  await commit()
  expect(batches).toHaveLength(2)
  expect(settled()).toBe(1)
})

it('a busy queue waits a moment for more, and no longer than that', async () => {
  const { settle, commit, batches } = openQueue()
  settle(10)
  await turn()
  settle(1)
  await commit()
  expect(batches).toHaveLength(1)
  settle(5)
  await turn()
  expect(batches).toHaveLength(1)
  vi.advanceTimersByTime(4)
  expect(sizeOf(batches[1])).toBe(6)
})

it('a busy queue does not wait once enough are there', async () => {
  const { settle, commit, batches } = openQueue()
  settle(10)
  await turn()
  settle(1)
  await commit()
  settle(23)
  expect(sizeOf(batches[1])).toBe(24)
  settle(30)
  await commit()
  expect(sizeOf(batches[2])).toBe(30)
  // The moment that nobody waited for any more sends nothing later.
  vi.advanceTimersByTime(100)
  expect(batches).toHaveLength(3)
})
