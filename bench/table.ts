import type { Goal } from './goals.ts'
import { SCENARIOS, type Scenario } from './scenarios.ts'

/** One repetition of one scenario against one target. Times in milliseconds, processor time in microseconds. */
export interface Sample {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly cpu: number
  readonly upstreamCpu: number
  readonly resident: number
}

export interface Taken {
  readonly scenario: Scenario
  readonly target: 'plain' | 'gateway'
  readonly sample: Sample
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2
}

/** Each figure's own median over the repetitions; undefined when nothing was taken. */
function medians(taken: readonly Taken[], scenario: Scenario, target: Taken['target']) {
  const samples = taken.filter((t) => t.scenario === scenario && t.target === target)
  if (samples.length === 0) return undefined
  const of = (figure: keyof Sample) => median(samples.map(({ sample }) => sample[figure]))
  return {
    perSecond: of('perSecond'),
    p50: of('p50'),
    p99: of('p99'),
    cpu: of('cpu'),
    upstreamCpu: of('upstreamCpu'),
    resident: of('resident'),
  } satisfies Sample
}

const whole = (value: number) => value.toFixed(0)
const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0)

function row(name: string, target: string, sample: Sample, ratio: string): string {
  const { perSecond, p50, p99, cpu, upstreamCpu, resident } = sample
  const cells = [perSecond, p50, p99, cpu, upstreamCpu].map(whole)
  return `| ${[name, target, ...cells, mebibytes(resident), ratio].join(' | ')} |`
}

/** What the scenario is judged by; undefined where it is not, or nothing was taken to compare it with. */
function goalOf(taken: readonly Taken[], scenario: Scenario): Goal | undefined {
  const { name, goal } = scenario
  const gateway = medians(taken, scenario, 'gateway')
  if (goal === undefined || gateway === undefined) return undefined
  const [first] = SCENARIOS
  const base =
    goal.against === 'plain'
      ? medians(taken, scenario, 'plain')
      : first && medians(taken, first, 'gateway')
  if (base === undefined) return undefined
  return {
    what: `gateway CPU of ${name}`,
    measured: `${(gateway.cpu / base.cpu).toFixed(2)} x ${goal.against}`,
    goal: `${goal.times.toFixed(2)} x ${goal.against}`,
    met: gateway.cpu <= base.cpu * goal.times,
  }
}

export const goalsOf = (taken: readonly Taken[]): readonly Goal[] =>
  SCENARIOS.flatMap((scenario) => goalOf(taken, scenario) ?? [])

/** The ratio that the scenario is judged by, beside what it may be. */
function judged(goal: Goal | undefined, gateway: Sample, plain: Sample): string {
  const toPlain = `${(gateway.cpu / plain.cpu).toFixed(2)} x plain`
  if (goal === undefined) return toPlain
  const toServed = goal.measured === toPlain ? '' : `, ${goal.measured}`
  return `${toPlain}${toServed} (goal ${goal.goal}: ${goal.met ? 'met' : 'missed'})`
}

/** All medians as a Markdown table. */
export function table(taken: readonly Taken[]): string {
  const lines = [
    '| scenario | target | requests/s | p50 ms | p99 ms | CPU us/request | upstream CPU us/request | RSS MiB | CPU ratio |',
    '|---|---|---:|---:|---:|---:|---:|---:|---|',
  ]
  for (const scenario of SCENARIOS) {
    const plain = medians(taken, scenario, 'plain')
    const gateway = medians(taken, scenario, 'gateway')
    if (plain !== undefined) lines.push(row(scenario.name, 'plain proxy', plain, '1'))
    if (plain === undefined || gateway === undefined) continue
    const ratio = judged(goalOf(taken, scenario), gateway, plain)
    lines.push(row(scenario.name, 'gateway', gateway, ratio))
  }
  return lines.join('\n')
}
