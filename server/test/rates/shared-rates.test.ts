import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Admission } from '../../src/rates/admission.ts'
import { compileLimits, type Limited, type Limits } from '../../src/rates/limits.ts'
import type { Judged } from '../../src/rates/rates.ts'
import type { SharedRates } from '../../src/rates/shared-rates.ts'
import { simulateNodes } from './shared.ts'

const MINUTE = 60_000
/** The longest way there and back in these tests, and what waits for it: two exchanges in line. */
const EXCHANGE_MS = 100

function limitsOf(limits: Limits): readonly Limited[] {
  const compiled = compileLimits({ entity: 4, limits }, { entity: 5, limits: {} })
  if (compiled === undefined) throw new Error('nothing is limited')
  return compiled
}

const isAdmitted = (judged: Judged): judged is Admission => 'leave' in judged
/** Whether it waits or not. */
const ask = async (node: SharedRates | undefined, limits: readonly Limited[], tokens = 0) =>
  node?.admit(limits, tokens) as Judged
/** What other nodes may not have heard of a limit of so many. */
const shareOf = (limit: number) => Math.ceil(limit / 240)

/** Calls in bursts at random nodes, and pauses, some of which outlast a window. */
const bursts = (nodes: number) =>
  fc.array(
    fc.record({
      node: fc.nat(nodes - 1),
      calls: fc.integer({ min: 1, max: 30 }),
      pause: fc.oneof(fc.nat(20), fc.nat(400), fc.nat(30_000)),
    }),
    { minLength: 20, maxLength: 60, size: 'max' },
  )

const scenes = fc.integer({ min: 2, max: 4 }).chain((count) =>
  fc.record({
    count: fc.constant(count),
    limit: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 21, max: 300 })),
    bursts: bursts(count),
    latencies: fc.array(fc.nat(20), { minLength: 1, maxLength: 20 }),
  }),
)

/** The numbers in turn, again and again. */
function turns(numbers: readonly number[]) {
  let at = 0
  return () => numbers[at++ % numbers.length] ?? 0
}

/** The most of any 60 seconds, less the time between the taking of a place and its owner's hearing of it. */
function mostInAMinute(admitted: readonly { readonly at: number; readonly amount: number }[]) {
  const span = MINUTE - EXCHANGE_MS
  const sumFrom = (start: number) =>
    admitted.reduce(
      (sum, { at, amount }) => sum + (at >= start && at < start + span ? amount : 0),
      0,
    )
  return Math.max(0, ...admitted.map(({ at }) => sumFrom(at)))
}

describe('nodes that share limits', () => {
  it('admit at most limit / 240, rounded up, too many requests for each other node', () =>
    fc.assert(
      fc.asyncProperty(scenes, async ({ count, limit, bursts: all, latencies }) => {
        const { nodes, now, pass } = simulateNodes(count, { latency: turns(latencies) })
        const limits = limitsOf({ rpm_limit: limit })
        const admitted: { at: number; amount: number }[] = []
        for (const { node, calls, pause } of all) {
          for (let n = 0; n < calls; n++) {
            void ask(nodes[node], limits, 0).then((judged) => {
              if (isAdmitted(judged)) admitted.push({ at: now(), amount: 1 })
            })
          }
          await pass(pause)
        }
        await pass(500)
        expect(mostInAMinute(admitted)).toBeLessThanOrEqual(limit + (count - 1) * shareOf(limit))
      }),
      { numRuns: 60 },
    ))

  it('take nothing back that came after what was given back elsewhere', async () => {
    const { nodes, pass } = simulateNodes(4, { latency: () => 0 })
    const limits = limitsOf({ rpm_limit: 2 })
    const admitted: number[] = []
    const askAt = (node: number, calls: number) => {
      for (let n = 0; n < calls; n++) {
        void ask(nodes[node], limits).then((judged) => {
          if (isAdmitted(judged)) admitted.push(node)
        })
      }
    }
    // Of these three, one is told and then taken back. A minute later only its taking back is young enough to be heard.
    askAt(0, 1)
    await pass(0)
    askAt(1, 2)
    await pass(MINUTE)
    admitted.length = 0
    for (const [node, calls, pause] of [
      [2, 1, 0],
      [0, 2, 0],
      [2, 2, 0],
      [1, 1, 10],
      [3, 1, 500],
    ] as const) {
      askAt(node, calls)
      await pass(pause)
    }
    expect(admitted.filter((node) => node === 2)).toHaveLength(2)
    expect(admitted.length).toBeLessThanOrEqual(5)
  })

  it('run at most as many calls too many, and lose no place', () =>
    fc.assert(
      fc.asyncProperty(scenes, async ({ count, limit, bursts: all, latencies }) => {
        const { nodes, pass } = simulateNodes(count, { latency: turns(latencies) })
        const limits = limitsOf({ max_concurrent: limit })
        let running: Admission[] = []
        for (const { node, calls, pause } of all) {
          for (let n = 0; n < calls; n++) {
            void ask(nodes[node], limits, 0).then((judged) => {
              if (isAdmitted(judged)) running.push(judged)
            })
          }
          await pass(pause)
          expect(running.length).toBeLessThanOrEqual(limit + (count - 1) * shareOf(limit))
          if (pause % 3 === 0) for (const one of running.splice(0, pause % 10)) one.leave()
        }
        await pass(500)
        for (const one of running) one.leave()
        running = []
        // The next telling, the next hearing after it, and the ways.
        await pass(2 * 250 + EXCHANGE_MS)
        const whole = Array.from({ length: limit }, () => ask(nodes[0], limits))
        await pass(500)
        expect((await Promise.all(whole)).filter(isAdmitted)).toHaveLength(limit)
      }),
      { numRuns: 60 },
    ))

  it('admit at most one call, or limit / 240, too many tokens for each other node', () =>
    fc.assert(
      fc.asyncProperty(scenes, async ({ count, limit, bursts: all, latencies }) => {
        const { nodes, now, pass } = simulateNodes(count, { latency: turns(latencies) })
        const most = limit * 10
        const limits = limitsOf({ tpm_limit: most })
        const admitted: { at: number; amount: number }[] = []
        let largest = shareOf(most)
        for (const { node, calls, pause } of all) {
          const tokens = Math.min(most, 1 + (pause % 20))
          largest = Math.max(largest, tokens)
          for (let n = 0; n < calls; n++) {
            void ask(nodes[node], limits, tokens).then((judged) => {
              if (!isAdmitted(judged)) return
              admitted.push({ at: now(), amount: tokens })
              judged.used(tokens)
            })
          }
          await pass(pause)
        }
        await pass(500)
        expect(mostInAMinute(admitted)).toBeLessThanOrEqual(most + (count - 1) * largest)
      }),
      { numRuns: 60 },
    ))

  it('refuse nobody while there is room: a burst waits for one exchange and has the whole limit', async () => {
    const { nodes, pass, now, exchanges } = simulateNodes(3, { latency: () => 2 })
    const limits = limitsOf({ rpm_limit: 60 })
    const answers = Array.from({ length: 61 }, () => ask(nodes[0], limits))
    const began = now()
    let waited = 0
    void Promise.all(answers).then(() => {
      waited = now() - began
    })
    await pass(100)
    expect((await Promise.all(answers)).filter(isAdmitted)).toHaveLength(60)
    expect(waited).toBeLessThan(20)
    expect(exchanges()).toBe(1)
  })

  it('count once what is sent again, and lose nothing of it', () =>
    fc.assert(
      fc.asyncProperty(
        bursts(3),
        fc.array(fc.constantFrom('answered', 'lost before', 'lost after'), { minLength: 1 }),
        async (all, fates) => {
          let next = 0
          let isQuiet = false
          const fate = () => (isQuiet ? 'answered' : (fates[next++ % fates.length] ?? 'answered'))
          const { nodes, pass } = simulateNodes(3, { latency: () => 3, fate })
          const limits = limitsOf({ rpm_limit: 1e6, tpm_limit: 1e9 })
          let calls = 0
          for (const burst of all) {
            for (let n = 0; n < burst.calls; n++) void nodes[burst.node]?.admit(limits, 7)
            calls += burst.calls
            await pass(burst.pause % 100)
          }
          for (const node of nodes) void node.admit(limits, 7)
          isQuiet = true
          await pass(2_000)
          for (const node of nodes) {
            const { requests, tokens } = node.standings(limits)
            expect([requests?.left, tokens?.left]).toEqual([
              1e6 - calls - nodes.length,
              1e9 - 7 * (calls + nodes.length),
            ])
          }
        },
      ),
      { numRuns: 60 },
    ))
})

const start = (count = 2) => {
  const simulated = simulateNodes(count, { latency: () => 2 })
  const at = (n: number) => simulated.nodes[n] as SharedRates
  return { ...simulated, at }
}

it('what runs on a node that died counts no more', async () => {
  const { at, pass, bury } = start()
  const limits = limitsOf({ max_concurrent: 1 })
  expect(isAdmitted(await at(0).admit(limits, 0))).toBe(true)
  await pass(500)
  const other = await at(1).admit(limitsOf({ rpm_limit: 5 }), 0)
  if (isAdmitted(other)) other.leave()
  await pass(500)
  expect(isAdmitted(await at(1).admit(limits, 0))).toBe(false)
  bury(0)
  await pass(500)
  expect(isAdmitted(await at(1).admit(limits, 0))).toBe(true)
})

it('who has no limits to keep exchanges nothing, also after it had', async () => {
  const { at, pass, exchanges } = start()
  await pass(10_000)
  expect(exchanges()).toBe(0)
  const judged = await at(0).admit(limitsOf({ rpm_limit: 5 }), 0)
  if (isAdmitted(judged)) judged.leave()
  await pass(3 * MINUTE)
  const after = exchanges()
  expect(after).toBeGreaterThan(100)
  await pass(MINUTE)
  expect(exchanges()).toBe(after)
})

it('without an answer nobody waits longer than an exchange may take', async () => {
  const { nodes, pass } = simulateNodes(2, { latency: () => 60_000 })
  const limits = limitsOf({ rpm_limit: 10 })
  const answers = Array.from({ length: 12 }, () => ask(nodes[0], limits))
  await pass(1_010)
  expect((await Promise.all(answers)).filter(isAdmitted)).toHaveLength(10)
  expect(nodes[0]?.admit(limits, 0)).not.toBeInstanceOf(Promise)
})

it('who is alone waits for nothing', async () => {
  const { nodes, pass } = simulateNodes(1, { latency: () => 5 })
  const limits = limitsOf({ rpm_limit: 10 })
  void nodes[0]?.admit(limits, 0)
  await pass(50)
  const answers = Array.from({ length: 11 }, () => nodes[0]?.admit(limits, 0))
  expect(answers.filter((one) => one instanceof Promise)).toEqual([])
})

it('what was admitted while nobody could be told is not taken for new when the database is back', async () => {
  let isAway = false
  const { nodes, pass } = simulateNodes(2, {
    latency: () => 5,
    fate: () => (isAway ? 'lost before' : 'answered'),
  })
  const limits = limitsOf({ rpm_limit: 60, tpm_limit: 6_000 })
  for (const node of nodes) void ask(node, limits)
  await pass(1_000)
  isAway = true
  // A third of the limit at each, for ten minutes.
  for (let n = 0; n < 200; n++) {
    for (const node of nodes) expect(isAdmitted(await ask(node, limits, 100))).toBe(true)
    await pass(3_000)
  }
  isAway = false
  await pass(1_000)
  for (const node of nodes) {
    const judged = ask(node, limits, 100)
    await pass(100)
    expect(isAdmitted(await judged)).toBe(true)
  }
})

it('who was alone before it fell silent asks whether it still is', async () => {
  const { at, pass, bury, revive } = start()
  const limits = limitsOf({ rpm_limit: 60 })
  bury(1)
  const first = await ask(at(0), limits)
  if (isAdmitted(first)) first.leave()
  await pass(3 * MINUTE)
  revive(1)
  const burst = (node: number) => Array.from({ length: 70 }, () => ask(at(node), limits))
  const there = burst(1)
  await pass(200)
  const here = burst(0)
  await pass(2_000)
  const admitted = (await Promise.all([...there, ...here])).filter(isAdmitted)
  expect(admitted.length).toBeLessThanOrEqual(60 + shareOf(60))
})
