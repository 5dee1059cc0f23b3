/**
 * `npm run bench` or `node bench/run.ts`: the gateway with everything on, beside a plain proxy, under the same load and in one run.
 * BENCH_WARMUP, BENCH_SECONDS, BENCH_REPETITIONS and BENCH_CONNECTIONS change how long and how hard (3, 10, 3, 32);
 * BENCH_SCENARIOS=KB,stream chooses scenarios by parts of their names; BENCH_ONLY=plain measures the plain proxy alone;
 * BENCH_PROFILE=<folder> leaves processor profiles of the gateway's threads there.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type BenchGateway, startBenchGateway } from './gateway.ts'
import { tellGoal } from './goals.ts'
import type { Load } from './load.ts'
import { press } from './press.ts'
import { cpuMicroseconds, type Running, residentBytes, startProgram } from './processes.ts'
import { SCENARIOS, type Scenario } from './scenarios.ts'
import { goalsOf, type Sample, table } from './table.ts'

const from = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise)
const WARM_UP = from('BENCH_WARMUP', 3)
const SECONDS = from('BENCH_SECONDS', 10)
const REPETITIONS = from('BENCH_REPETITIONS', 3)
const CONNECTIONS = from('BENCH_CONNECTIONS', 32)
const PLAIN_ONLY = process.env.BENCH_ONLY === 'plain'
const CHOSEN = process.env.BENCH_SCENARIOS?.split(',')

const profile = process.env.BENCH_PROFILE
const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${resolve(profile)}`]

const here = (file: string) => join(import.meta.dirname, file)

/** Loads one target once and says what it and the upstream spent on each request. */
async function sample(target: Running, upstream: Running, load: Load, expected: string) {
  await press({ ...load, seconds: WARM_UP })
  const before = [cpuMicroseconds(target.pid), cpuMicroseconds(upstream.pid)] as const
  const measured = await press({ ...load, seconds: SECONDS })
  const wrong = Object.keys(measured.statuses).filter((status) => status !== expected)
  if (wrong.length > 0 || measured.errors > 0 || measured.requests === 0) {
    throw new Error(`not a fair run: ${JSON.stringify(measured)}`)
  }
  return {
    perSecond: measured.requests / measured.seconds,
    p50: measured.p50,
    p99: measured.p99,
    cpu: (cpuMicroseconds(target.pid) - before[0]) / measured.requests,
    upstreamCpu: (cpuMicroseconds(upstream.pid) - before[1]) / measured.requests,
    resident: residentBytes(target.pid),
  } satisfies Sample
}

const folder = mkdtempSync(join(tmpdir(), 'turnpike-bench-'))
const upstream = await startProgram(here('upstream.ts'))
const plain = await startProgram(here('plain-proxy.ts'), upstream.url)
const gateway: BenchGateway | undefined = PLAIN_ONLY
  ? undefined
  : await startBenchGateway(folder, upstream.url, { flags: profiling })

const samples: { scenario: Scenario; target: 'plain' | 'gateway'; sample: Sample }[] = []
/** The plain proxy knows no keys: it has nothing to refuse, and any text will do. */
const anyKey = join(folder, 'any-key')
writeFileSync(anyKey, 'A'.repeat(48))

/** Both targets in turn within each repetition, because a busy machine is busy for both then. */
async function measure(scenario: Scenario) {
  const keys = gateway?.keys[scenario.keys] ?? anyKey
  const load = { ...scenario, keys, connections: CONNECTIONS, seconds: SECONDS }
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    const onPlain = await sample(plain, upstream, { ...load, url: plain.url }, '200')
    samples.push({ scenario, target: 'plain', sample: onPlain })
    if (gateway === undefined) continue
    const expected = scenario.keys === 'refused' ? '401' : '200'
    const onGateway = await sample(gateway, upstream, { ...load, url: gateway.url }, expected)
    samples.push({ scenario, target: 'gateway', sample: onGateway })
  }
}

try {
  for (const scenario of SCENARIOS) {
    if (CHOSEN !== undefined && !CHOSEN.some((part) => scenario.name.includes(part))) continue
    await measure(scenario)
    console.error(`measured: ${scenario.name}`)
  }
  console.log(table(samples))
  goalsOf(samples).forEach(tellGoal)
} finally {
  await Promise.all([gateway?.stop(), plain.stop(), upstream.stop()])
  rmSync(folder, { recursive: true, force: true })
}
