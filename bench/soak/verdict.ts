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
  readonly lines: readonly string[]
  readonly met: boolean
} {
  const rows = [errorsOf(figures), furtherOf(figures), memoryOf(figures), chargesOf(figures)]
  const lines = rows.map(
    ({ what, value, bound, met }) =>
      `| ${what} | ${value} | ${bound} | ${met ? 'met' : 'missed'} |`,
  )
  return {
    lines: ['| what | measured | bound | |', '|---|---|---|---|', ...lines],
    met: rows.every(({ met }) => met),
  }
}

interface Row {
  readonly what: string
  readonly value: string
  readonly bound: string
  readonly met: boolean
}

const percent = (part: number, of: number) => `${((100 * part) / of).toFixed(3)} %`

function errorsOf({ calls, errors, withoutChannel }: Figures): Row {
  const kinds = [...errors].map(([what, count]) => `${count} x ${what}`).join(', ')
  const aside = withoutChannel === 0 ? '' : `, and ${withoutChannel} while no channel was well`
  const sum = sumOf(errors.values())
  return {
    what: 'errors that clients saw',
    value: `${sum} of ${calls} calls, ${percent(sum, calls)}${aside}; ${kinds || 'none'}`,
    bound: `< ${percent(MOST_ERRORS, 1)}`,
    met: sum < calls * MOST_ERRORS,
  }
}

function furtherOf({ calls, attempts }: Figures): Row {
  const further = attempts - calls
  return {
    what: 'further load on providers',
    value: `${further} attempts, ${percent(further, calls)}`,
    bound: `${percent(LEAST_FURTHER, 1)} to ${percent(MOST_FURTHER, 1)}`,
    met: further <= calls * MOST_FURTHER && further >= calls * LEAST_FURTHER,
  }
}

/** Warm at a quarter of the time. Means of many seconds, for it goes up and down with every collection. */
function memoryOf({ held }: Figures): Row {
  const tenth = Math.max(1, Math.floor(held.length / 10))
  const from = Math.floor(held.length / 4)
  const start = mean(held.slice(from, from + tenth))
  const end = mean(held.slice(-tenth))
  const shown = [start, end].map((bytes) => (bytes / MIB).toFixed(0)).join(' -> ')
  return {
    what: 'memory, once warm and at the end',
    value: `${shown} MiB`,
    bound: `+ ${percent(MOST_GROWTH, 1)}`,
    met: end <= start * (1 + MOST_GROWTH),
  }
}

function chargesOf({ charged, findings }: Figures): Row {
  const sums = new Set(Object.values(charged))
  const shown = Object.entries(charged).map(([book, units]) => `${book} ${units}`)
  return {
    what: 'units charged',
    value: `${shown.join(', ')}; the doctor finds ${findings.length} faults`,
    bound: 'equal, 0 faults',
    met: sums.size === 1 && findings.length === 0,
  }
}

const mean = (values: readonly number[]) => sumOf(values) / values.length

function sumOf(values: Iterable<number>): number {
  let sum = 0
  for (const value of values) sum += value
  return sum
}
