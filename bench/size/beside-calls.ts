import { readFileSync } from 'node:fs'
import { tellGoal } from '../goals.ts'
import { askBeside, pressSteadily } from '../press.ts'
import { SCENARIOS } from '../scenarios.ts'
import type { Call } from '../steady.ts'
import { percentile } from './measure.ts'
import type { Askers } from './question.ts'

export interface BesideCalls {
  readonly url: string
  /** How the database is called. */
  readonly database: string
  /** A file with the key for the calls. */
  readonly keyFile: string
  readonly askers: Askers
  /** What the names of the questions have in them. */
  readonly only: string
  /** Calls and questions a second. */
  readonly calls: number
  readonly reads: number
  /** So many turns without questions and as many with them, of so many seconds each. */
  readonly turns: number
  readonly seconds: number
}

const MOST_TIMES_P99 = 1.25
/** Every question is asked once: what is read and compiled then is not in the figures. */
const WARM_UP_MS = 15_000
/** After a change of turns: what was asked before it is answered by then. */
const BETWEEN_MS = 300
const RESAMPLES = 1_000

/** Milliseconds of each call in a turn without questions, and in the one beside it with them. */
interface Turn {
  readonly alone: readonly number[]
  readonly beside: readonly number[]
}

/**
 * What calls notice of questions. They go on without a break while people ask in some of many short turns and don't in the
 * others, so that whatever the machine does besides is in both; all calls of each kind count together, as a few slow ones of
 * a short turn say little. True where the slowest hundredth is as good with questions.
 */
export async function besideCalls(beside: BesideCalls): Promise<boolean> {
  const { url, keyFile, turns, seconds, calls: rate, askers, only, reads } = beside
  const spans = spansOf(turns, seconds * 1000)
  const steady = {
    ...{ url, rate, key: readFileSync(keyFile, 'utf8').trim(), body: SCENARIOS[0]?.body ?? '' },
    seconds: (WARM_UP_MS + spans.length * seconds * 1000) / 1000,
  }
  const now = Date.now()
  const first = now + WARM_UP_MS
  const asked = spans
    .filter(({ hasQuestions }) => hasQuestions)
    .map(({ from, until }) => ({ from: first + from, until: first + until }))
  const [all, requests] = await Promise.all([
    pressSteadily(steady),
    askBeside({ url, askers, only, reads, spans: [{ from: now, until: first }, ...asked] }),
  ])
  const took = spans.map((span) => ({ ...span, ms: msOf(all, first, span) }))
  const without = took.filter(({ hasQuestions }) => !hasQuestions)
  const found = took
    .filter(({ hasQuestions }) => hasQuestions)
    .map(({ ms }, at) => ({ alone: without[at]?.ms ?? [], beside: ms }))
  return tell(found, { rate, reads: requests / (turns * seconds), database: beside.database })
}

interface Span {
  /** Milliseconds since the first one began. */
  readonly from: number
  readonly until: number
  readonly hasQuestions: boolean
}

/** Without, with, with, without: what changes slowly is in both. */
const spansOf = (turns: number, ms: number): readonly Span[] =>
  Array.from({ length: 2 * turns }, (_, at) => ({
    ...{ from: at * ms, until: (at + 1) * ms, hasQuestions: [1, 2].includes(at % 4) },
  }))

const msOf = (calls: readonly Call[], first: number, { from, until }: Span) =>
  calls.filter(([at]) => at >= first + from + BETWEEN_MS && at < first + until).map(([, ms]) => ms)

const p99 = (values: readonly number[]) => percentile(values, 0.99)

/** Prints both, and between which factors the second one is: so are nine in ten of what other turns would have given. */
function tell(
  turns: readonly Turn[],
  rates: { rate: number; reads: number; database: string },
): boolean {
  const alone = turns.flatMap((turn) => turn.alone)
  const beside = turns.flatMap((turn) => turn.beside)
  const times = Array.from({ length: RESAMPLES }, () => {
    const drawn = turns.map(() => turns[Math.floor(Math.random() * turns.length)] as Turn)
    return p99(drawn.flatMap((turn) => turn.beside)) / p99(drawn.flatMap((turn) => turn.alone))
  })
  const each = turns.map((turn) => `${p99(turn.alone).toFixed(0)}/${p99(turn.beside).toFixed(0)}`)
  console.error(`p99 of each turn, alone/beside: ${each.join(' ')}`)
  const figures = (values: readonly number[]) =>
    [0.5, 0.9, 0.99, 0.999]
      .map((part) => `p${part * 100} ${percentile(values, part).toFixed(1)}`)
      .join(', ')
  console.log(
    `\nCalls at ${rates.rate} a second, ${turns.length} turns: ${figures(alone)} ms alone (${alone.length} calls); ` +
      `${figures(beside)} ms while ${rates.reads.toFixed(1)} questions a second are asked (${beside.length} calls): p99 ` +
      `${(p99(beside) / p99(alone)).toFixed(2)} x (${percentile(times, 0.05).toFixed(2)} to ${percentile(times, 0.95).toFixed(2)}).`,
  )
  const met = p99(beside) / p99(alone) <= MOST_TIMES_P99 || p99(beside) - p99(alone) <= 1
  tellGoal({
    what: `${rates.database}: p99 of calls while questions are asked, to without`,
    measured: `${p99(alone).toFixed(1)} ms, ${p99(beside).toFixed(1)} ms`,
    goal: `at most ${MOST_TIMES_P99} x, or 1 ms more`,
    met,
  })
  return met
}
