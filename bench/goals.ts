import { appendFileSync } from 'node:fs'

/** One goal, in the words that its program prints. */
export interface Goal {
  readonly what: string
  readonly measured: string
  readonly goal: string
  readonly met: boolean
}

/** Notes a goal for whoever runs this program as one of several suites, and asks for a file of them. */
export function tellGoal(goal: Goal): void {
  const { BENCH_GOALS: file } = process.env
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(goal)}\n`)
}

/** What was measured, beside what is asked of it. */
export interface Goals {
  atMost(what: string, value: number, most: number, unit: string): void
  atLeast(what: string, value: number, least: number, unit: string): void
  /** A figure of which nothing is asked. */
  tell(what: string, value: number, unit: string): void
  allMet(): boolean
  /** All of it in Markdown. */
  table(): string
}

const write = (value: number, unit: string): string =>
  `${Number(value.toFixed(value < 10 ? 2 : 0))} ${unit}`.trim()

export function createGoals(): Goals {
  const rows: string[] = []
  let missed = 0
  const add = (what: string, measured: string, goal = '', met?: boolean) => {
    if (met === false) missed += 1
    if (met !== undefined) tellGoal({ what, measured, goal, met })
    const word = met === undefined ? '' : met ? 'met' : 'missed'
    rows.push(`| ${what} | ${measured} | ${goal} | ${word} |`)
    console.error(`measured: ${what}, ${measured} ${word}`.trim())
  }
  return {
    atMost: (what, value, most, unit) =>
      add(what, write(value, unit), `at most ${write(most, unit)}`, value <= most),
    atLeast: (what, value, least, unit) =>
      add(what, write(value, unit), `at least ${write(least, unit)}`, value >= least),
    tell: (what, value, unit) => add(what, write(value, unit)),
    allMet: () => missed === 0,
    table: () => ['| what | measured | goal | |', '|---|---:|---:|---|', ...rows].join('\n'),
  }
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
