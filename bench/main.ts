/**
 * `npm run bench -- [all | NAME...]`: runs suites one after the other, as they are run alone, and prints all of their goals
 * in one table; `gateway` where none is named. Ends with code 1 when a goal is missed, or a suite broke off. What changes how
 * long and how hard a suite measures (BENCH_...) stands in its program, and reaches all of them.
 */
import { join } from 'node:path'
import { runSuites, type Suite } from './suites.ts'

/** The quick ones first; `size` seeds two databases, and `soak` takes half an hour. */
const SUITES: readonly Suite[] = Object.entries({
  gateway: 'run.ts',
  translate: 'translate.ts',
  dialects: 'dialects.ts',
  routing: 'routing.ts',
  directory: 'directory.ts',
  memory: 'memory.ts',
  uploads: 'uploads.ts',
  postgres: 'postgres.ts',
  workers: 'workers.ts',
  nodes: 'nodes.ts',
  console: 'console.ts',
  size: 'size.ts',
  soak: 'soak.ts',
}).map(([name, file]) => ({ name, file: join(import.meta.dirname, file) }))

function suitesOf(asked: readonly string[]): readonly Suite[] {
  if (asked.includes('all')) return SUITES
  const names = SUITES.map(({ name }) => name)
  const unknown = asked.filter((name) => !names.includes(name))
  if (unknown.length > 0) {
    throw new Error(`no suite is called ${unknown.join(', ')}: all, ${names.join(', ')}`)
  }
  return SUITES.filter(({ name }) => asked.includes(name))
}

const asked = process.argv.slice(2)
const suites = suitesOf(asked.length === 0 ? ['gateway'] : asked)
const { table, judged, missed } = await runSuites(suites)
console.log(`\n${table}\n\n${judged - missed} of ${judged} goals are met.`)
process.exitCode = missed === 0 ? 0 : 1
