import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Goal } from './goals.ts'

/** A program that measures something, and tells its goals by `tellGoal`. */
export interface Suite {
  readonly name: string
  readonly file: string
}

interface Judged extends Goal {
  readonly suite: string
}

/** Runs suites one after the other, each to its end; what they print is printed. Their goals, in one table. */
export async function runSuites(suites: readonly Suite[]) {
  const judged: Judged[] = []
  const rows: string[] = []
  for (const suite of suites) {
    console.error(`\n# ${suite.name}`)
    const goals = await runSuite(suite)
    judged.push(...goals)
    rows.push(...(goals.length === 0 ? [`| ${suite.name} | it ran | nothing | |`] : goals.map(row)))
  }
  return {
    table: ['| goal | measured | asked | |', '|---|---|---|---|', ...rows].join('\n'),
    judged: judged.length,
    missed: judged.filter(({ met }) => !met).length,
  }
}

const row = ({ suite, what, measured, goal, met }: Judged): string =>
  `| ${suite}: ${what} | ${measured} | ${goal} | ${met ? 'met' : 'missed'} |`

async function runSuite({ name, file }: Suite): Promise<readonly Judged[]> {
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-goals-'))
  const told = join(folder, 'goals')
  try {
    const child = spawn(process.execPath, [file], {
      env: { ...process.env, BENCH_GOALS: told },
      stdio: 'inherit',
    })
    const [code, signal] = await once(child, 'exit')
    const goals = readGoals(told)
    // One that ends so because of a goal has said which. Of one that broke nobody knows what it would have measured.
    const broke = code !== 0 && goals.every(({ met }) => met)
    if (broke) {
      const measured = `ended with ${code ?? signal}`
      goals.push({ what: 'runs to its end', measured, goal: 'ends with 0', met: false })
    }
    return goals.map((goal) => ({ suite: name, ...goal }))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function readGoals(file: string): Goal[] {
  const text = readIfThere(file)
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Goal)
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
