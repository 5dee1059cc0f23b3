import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { freePort } from './free-port.ts'

/** The real program in a process of its own, for what can't be tried inside the test's. */
export interface Program {
  readonly url: string
  readonly pid: number
  /** Everything it printed so far, both streams. */
  printed(): string
  /** Resolves once it has printed `part`. */
  prints(part: string | RegExp): Promise<void>
  /** Sends a signal and waits for the end. */
  end(signal?: NodeJS.Signals): Promise<number | null>
  signal(signal: NodeJS.Signals): void
  /** Resolves with the exit code, null when a signal ended it. */
  readonly ended: Promise<number | null>
}

const ROOT = join(import.meta.dirname, '../../..')
/** A second, and on a machine that is busy with other tests much more. */
const READY_MS = 60_000

/** What `npm start` runs, flags included, from wherever. */
function startCommand(): string[] {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const [, ...parameters] = String(scripts.start).split(' ')
  return [...parameters.slice(0, -1), join(ROOT, parameters.at(-1) ?? '')]
}

/** Runs the command of `npm start` on a data folder, with nothing of this process's environment but PATH. */
export async function launch(environment: Record<string, string>): Promise<Program> {
  const port = environment.PORT ?? String(await freePort())
  const child = spawn(process.execPath, startCommand(), {
    cwd: environment.TURNPIKE_DATA,
    env: { PATH: process.env.PATH, ...environment, PORT: port },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      printed += bytes.toString()
    })
  }
  const ended = once(child, 'close').then(([code]) => code as number | null)
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    pid: child.pid ?? 0,
    printed: () => printed,
    prints: async (part) =>
      void (await expect.poll(() => printed, { timeout: 60_000 }).toMatch(part)),
    signal: (signal) => void child.kill(signal),
    end(signal = 'SIGTERM') {
      child.kill(signal)
      return ended
    },
    ended,
  }
}

/** Like `launch`, but waits until it is ready for calls. */
export async function startProgram(environment: Record<string, string>): Promise<Program> {
  const program = await launch(environment)
  await readied(program)
  return program
}

/** Resolves when a program is ready for calls, rejects when it ends before. */
export async function readied(program: Program): Promise<void> {
  // Until the program listens, anybody may have the port, and keep silent.
  const ready = () =>
    fetch(`${program.url}/readyz`, { signal: AbortSignal.timeout(2000) }).then(
      (response) => response.status,
      () => 0,
    )
  const failed = program.ended.then((code) => {
    throw new Error(`the program ended with ${code}: ${program.printed()}`)
  })
  await Promise.race([expect.poll(ready, { timeout: READY_MS }).toBe(200), failed])
  failed.catch(() => {})
}
