import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Load, Measured } from './load.ts'
import type { Asking } from './size/asking.ts'
import type { Call, Steady } from './steady.ts'

/** Runs the load in a process of its own and says what it saw. */
export const press = (load: Load) => run('load.ts', load) as Promise<Measured>

/** The same of calls that come when they come, whatever became of those before. */
export const pressSteadily = (steady: Steady) =>
  run('steady.ts', steady) as Promise<readonly Call[]>

/** Asks what people ask meanwhile; how many requests that were. */
export const askBeside = (asking: Asking) => run('size/asking.ts', asking) as Promise<number>

async function run(program: string, asked: object): Promise<unknown> {
  const child = spawn(process.execPath, [join(import.meta.dirname, program)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.end(JSON.stringify(asked))
  const [printed, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  if (code !== 0) throw new Error(`${program} ended with ${code}`)
  return JSON.parse(printed)
}
