/**
 * Runs the shared ledger in simulated worlds.
 *
 *   npm run simulate -- --seeds 1000000 [--from 1]   many worlds, on all cores or `--jobs 1`; ends at the first that breaks a rule
 *   npm run simulate -- --seed 17                    one world, with everything that happens in it
 *   npm run simulate -- --mode failovers ...         the same, with one failover after the other; or `standstills`
 *   npm run simulate -- --mutations                  weakens the ledger in known ways: each must be noticed
 */
import { parseArgs } from 'node:util'
import { caughtBy } from '../server/test/simulation/mutations.ts'
import { MODES, type Mode } from '../server/test/simulation/profile.ts'
import { runSeeds } from '../server/test/simulation/seeds.ts'
import { runSeed } from '../server/test/simulation/simulation.ts'
import { type Weakness, weaknesses } from '../server/test/simulation/weaknesses.ts'

const PROGRESS_MS = 10_000
/** Of a failed world's events; `--seed` shows all of them. */
const LAST_EVENTS = 200

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '10000' },
    from: { type: 'string', default: '1' },
    jobs: { type: 'string' },
    mutations: { type: 'boolean', default: false },
    weakness: { type: 'string' },
    mode: { type: 'string', default: 'mixed' },
  },
})
const weakness = values.weakness as Weakness | undefined
const mode = values.mode as Mode
const jobs = values.jobs === undefined ? undefined : Number(values.jobs)
if (!MODES.includes(mode)) throw new Error(`--mode is one of ${MODES.join(', ')}`)

if (values.mutations) await tryMutations()
else if (values.seed !== undefined) await replay(Number(values.seed), Infinity)
else await runMany(Number(values.from), Number(values.seeds))

async function replay(seed: number, events: number): Promise<void> {
  const {
    trace = [],
    failure,
    steps,
    digest,
  } = await runSeed(seed, { trace: true, weakness, mode })
  console.log(trace.slice(-Math.min(events, trace.length)).join('\n'))
  console.log(`seed ${seed}: ${steps} steps, digest ${digest}`)
  if (failure === undefined) return
  console.error(`\n${failure}\n\nTo see all of it: ${commandFor(seed)}`)
  process.exitCode = 1
}

function commandFor(seed: number): string {
  const how = [mode !== 'mixed' && `--mode ${mode}`, weakness && `--weakness '${weakness}'`]
  return ['npm run simulate --', `--seed ${seed}`, ...how.filter(Boolean)].join(' ')
}

async function runMany(from: number, count: number): Promise<void> {
  const began = performance.now()
  let [done, steps, calls, told] = [0, 0, 0, began]
  const says = () => {
    const seconds = (performance.now() - began) / 1_000
    const left = done === 0 ? 0 : (seconds * (count - done)) / done
    const sums = `${steps} steps, ${calls} calls in ${seconds.toFixed(0)} s`
    return `${done} of ${count} seeds, ${(done / seconds).toFixed(0)} a second, ${inWords(left)} left; ${sums}`
  }
  const failed = await runSeeds({
    ...{ from, count, weakness, mode, jobs },
    onResult(result) {
      done++
      steps += result.steps
      calls += result.calls
      if (performance.now() - told > PROGRESS_MS) {
        told = performance.now()
        console.log(says())
      }
      return undefined
    },
  })
  console.log(says())
  if (failed === undefined) return
  console.error(`seed ${failed.seed} broke a rule; the last that happened in its world:`)
  await replay(failed.seed, LAST_EVENTS)
}

async function tryMutations(): Promise<void> {
  for (const [name, says] of Object.entries(weaknesses)) {
    const seed = await caughtBy(name as Weakness)
    if (seed === undefined) process.exitCode = 1
    console.log(`${seed === undefined ? 'NOT NOTICED' : `noticed by seed ${seed}`}: ${says}`)
  }
}

/** A time that is left, in seconds. */
function inWords(seconds: number): string {
  if (seconds < 90) return `${seconds.toFixed(0)} s`
  return seconds < 5_400 ? `${(seconds / 60).toFixed(0)} min` : `${(seconds / 3_600).toFixed(1)} h`
}
