import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { runSuites } from './suites.ts'

const GOALS = join(import.meta.dirname, 'goals.ts')

/** Suites that are programs of these lines. */
function programs(texts: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-suites-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return Object.entries(texts).map(([name, text]) => {
    const file = join(folder, `${name}.mts`)
    writeFileSync(file, `import { createGoals } from ${JSON.stringify(GOALS)}\n${text}`)
    return { name, file }
  })
}

const JUDGED = `const goals = createGoals()
  goals.atMost('time', 5, 7, 'ms'); goals.tell('size', 9, 'MiB'); goals.atLeast('speed', LEAST, 3, '/s')
  process.exitCode = goals.allMet() ? 0 : 1`
const MET = '| met: time | 5 ms | at most 7 ms | met |'

it('goals of all suites stand in one table, and are all met', async () => {
  const suites = programs({ met: JUDGED.replace('LEAST', '4'), untold: '' })
  const { table, ...counts } = await runSuites(suites)
  expect(table.split('\n').slice(2)).toEqual([
    MET,
    '| met: speed | 4 /s | at least 3 /s | met |',
    '| untold | it ran | nothing | |',
  ])
  expect(counts).toEqual({ judged: 2, missed: 0 })
})

it('a suite that misses a goal or breaks off is missed, and those behind it still run', async () => {
  const suites = programs({
    missed: JUDGED.replace('LEAST', '2'),
    broken: `createGoals().atMost('time', 5, 7, 'ms'); process.exit(3)`,
    killed: `process.kill(process.pid, 'SIGKILL')`,
    met: `createGoals().atMost('time', 5, 7, 'ms')`,
  })
  const { table, ...counts } = await runSuites(suites)
  const words = table.split('\n').filter((line) => line.endsWith('| missed |'))
  expect(words).toEqual([
    '| missed: speed | 2 /s | at least 3 /s | missed |',
    '| broken: runs to its end | ended with 3 | ends with 0 | missed |',
    '| killed: runs to its end | ended with SIGKILL | ends with 0 | missed |',
  ])
  expect(table).toContain(MET)
  expect(counts).toEqual({ judged: 6, missed: 3 })
})
