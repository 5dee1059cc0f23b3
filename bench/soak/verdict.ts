import type { Goal } from '../goals.ts'

/** What a soak is judged by. */
export interface Figures {
  readonly calls: number
  /** Errors that a client saw while some channel was well, by what they were. */
  readonly errors: ReadonlyMap<string, number>
  readonly withoutChannel: number
  /** Requests that the gateway made of the calls, refused connections among them. */
  readonly attempts: number
  /** Bytes that the gateway held, once a second. */
  readonly held: readonly number[]
  /** Units that each book says were charged; they are equal. */
  readonly charged: Readonly<Record<string, number>>
  readonly findings: readonly unknown[]
}

const MOST_ERRORS = 0.001
const MOST_FURTHER = 0.2
/** Below it the providers can't have failed as they should: nothing was tried. */
const LEAST_FURTHER = 0.03
/** Of what it held once it was warm: what a garbage collector and a cache that fills need. */
const MOST_GROWTH = 0.1
const MIB = 2 ** 20

/** One line for each bound, and whether all of them are met. */
export function judge(figures: Figures): {
  readonly goals: readonly Goal[]
  readonly lines: readonly string[]
  readonly met: boolean
} {
  const goals = [errorsOf(figures), furtherOf(figures), memoryOf(figures), chargesOf(figures)]
  const lines = goals.map(
    ({ what, measured, goal, met }) =>
      `| ${what} | ${measured} | ${goal} | ${met ? 'met' : 'missed'} |`,
  )
  return {
    goals,
    lines: ['| what | measured | bound | |', '|---|---|---|---|', ...lines],
    met: goals.every(({ met }) => met),
  }
}

const percent = (part: number, of: number) => `${((100 * part) / of).toFixed(3)} %`

function errorsOf({ calls, errors, withoutChannel }: Figures): Goal {
  const kinds = [...errors].map(([what, count]) => `${count} x ${what}`).join(', ')
  const aside = withoutChannel === 0 ? '' : `, and ${withoutChannel} while no channel was well`
  const sum = sumOf(errors.values())
  return {
    what: 'errors that clients saw',
    measured: `${sum} of ${calls} calls, ${percent(sum, calls)}${aside}; ${kinds || 'none'}`,
    goal: `< ${percent(MOST_ERRORS, 1)}`,
    met: sum < calls * MOST_ERRORS,
  }
}

function furtherOf({ calls, attempts }: Figures): Goal {
  const further = attempts - calls
  return {
    what: 'further load on providers',
    measured: `${further} attempts, ${percent(further, calls)}`,
    goal: `${percent(LEAST_FURTHER, 1)} to ${percent(MOST_FURTHER, 1)}`,
    met: further <= calls * MOST_FURTHER && further >= calls * LEAST_FURTHER,
  }
}

/** Warm at a quarter of the time. Means of many seconds, for it goes up and down with every collection. */
function memoryOf({ held }: Figures): Goal {
  const tenth = Math.max(1, Math.floor(held.length / 10))
  const from = Math.floor(held.length / 4)
  const start = mean(held.slice(from, from + tenth))
  const end = mean(held.slice(-tenth))
  const shown = [start, end].map((bytes) => (bytes / MIB).toFixed(0)).join(' -> ')
  return {
    what: 'memory, once warm and at the end',
    measured: `${shown} MiB`,
    goal: `+ ${percent(MOST_GROWTH, 1)}`,
    met: end <= start * (1 + MOST_GROWTH),
  }
}

function chargesOf({ charged, findings }: Figures): Goal {
  const sums = new Set(Object.values(charged))
  const shown = Object.entries(charged).map(([book, units]) => `${book} ${units}`)
  return {
    what: 'units charged',
    measured: `${shown.join(', ')}; the doctor finds ${findings.length} faults`,
    goal: 'equal, 0 faults',
    met: sums.size === 1 && findings.length === 0,
  }
}

const mean = (values: readonly number[]) => sumOf(values) / values.length

function sumOf(values: Iterable<number>): number {
  let sum = 0
  for (const value of values) sum += value
  return sum
}
