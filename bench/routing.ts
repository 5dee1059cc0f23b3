/**
 * What choosing a channel costs a call, in nanoseconds of processor time: whose turn it is, a place among the channel's running
 * calls with one of its keys, and the word that its health hears at the end. The goals are those of the project: 5 000 ns
 * with 5 candidates, 25 000 with 500.
 */
import { crc32 } from 'node:zlib'
import type { Channel } from '../server/src/channels/channel.ts'
import type { PolicyName } from '../server/src/channels/choosing/policies.ts'
import { Turns } from '../server/src/channels/choosing/turns.ts'
import { createHealth, type Health } from '../server/src/channels/health/health.ts'
import { createRetryBudgets } from '../server/src/channels/health/retry-budget.ts'
import { tellGoal } from './goals.ts'

const REPETITIONS = 9

interface Case {
  readonly name: string
  readonly channels: number
  readonly policy?: PolicyName
  readonly sticky?: boolean
  /** How many of them are down. */
  readonly down?: number
  readonly goalNs?: number
}

const CASES: readonly Case[] = [
  { name: 'one channel', channels: 1 },
  { name: 'weighted', channels: 5, goalNs: 5_000 },
  { name: 'weighted', channels: 500, goalNs: 25_000 },
  { name: 'weighted, half of them down', channels: 5, down: 2, goalNs: 5_000 },
  { name: 'weighted, half of them down', channels: 500, down: 250, goalNs: 25_000 },
  { name: 'least_busy', channels: 5, policy: 'least_busy', goalNs: 5_000 },
  { name: 'least_busy', channels: 500, policy: 'least_busy', goalNs: 25_000 },
  { name: 'cheapest', channels: 5, policy: 'cheapest', goalNs: 5_000 },
  { name: 'cheapest', channels: 500, policy: 'cheapest', goalNs: 25_000 },
  { name: 'sticky', channels: 5, sticky: true, goalNs: 5_000 },
  { name: 'sticky', channels: 500, sticky: true, goalNs: 25_000 },
]

const aChannel = (id: number): Channel => ({
  id,
  name: `channel ${id}`,
  type: 'openai-compatible',
  baseUrl: { origin: `http://host-${id}`, pathPrefix: '/v1' },
  dialects: ['openai'],
  authorization: ['a', 'b'],
  models: new Set(['m']),
  asksModels: false,
  mapping: new Map(),
  groups: ['default'],
  priority: 0,
  weight: 1 + (id % 7),
  free: id % 3 === 0,
  costRatio: 1,
  enabled: true,
  headers: [],
  timeouts: {},
})

function begin(channels: readonly Channel[], down: number, clock: { now: number }): Health {
  const health = createHealth({ clock, told() {}, wall: Date.now, random: Math.random })
  channels.forEach((channel, at) => {
    health.follow(channel.id, channel)
    if (at < down) health.of(channel).begin(clock.now).failed(clock.now, 3_600_000)
    else health.of(channel).answeredIn(50 + at, clock.now)
  })
  return health
}

/** Nanoseconds of one call, the median of several rounds. */
function measure({ channels: count, policy = 'weighted', sticky = false, down = 0 }: Case): number {
  const clock = { now: 1_000 }
  const channels = Array.from({ length: count }, (_, at) => aChannel(at + 1))
  const health = begin(channels, down, clock)
  const circumstances = { health, random: Math.random }
  const budget = createRetryBudgets()('default')
  const cacheKeys = Array.from({ length: 64 }, (_, at) => `conversation ${at}`)
  const call = (turn: number) => {
    const stickyKey = sticky ? crc32(cacheKeys[turn % 64] as string) : undefined
    const channel = new Turns(channels, { policy, stickyKey }, circumstances).next() as Channel
    budget.called(clock.now)
    health.of(channel).begin(clock.now).worked(clock.now)
  }
  const calls = count > 100 ? 20_000 : 300_000
  const rounds = Array.from({ length: REPETITIONS }, () => {
    const before = process.cpuUsage()
    for (let turn = 0; turn < calls; turn++) {
      // The shared clock stands still for fifty milliseconds' worth of calls.
      if (turn % 500 === 0) clock.now += 50
      call(turn)
    }
    const { user, system } = process.cpuUsage(before)
    return ((user + system) * 1000) / calls
  })
  return rounds.sort((a, b) => a - b)[REPETITIONS >> 1] as number
}

console.log('| routing | candidates | ns a call | goal |\n|---|---:|---:|---|')
for (const one of CASES) {
  const ns = measure(one)
  const { name, channels, goalNs } = one
  const goal = goalNs === undefined ? '' : `${goalNs}: ${ns <= goalNs ? 'met' : 'missed'}`
  console.log(`| ${name} | ${channels} | ${ns.toFixed(0)} | ${goal} |`)
  if (goalNs === undefined) continue
  tellGoal({
    what: `${name}, ${channels} candidates`,
    measured: `${ns.toFixed(0)} ns`,
    goal: `at most ${goalNs} ns`,
    met: ns <= goalNs,
  })
}
