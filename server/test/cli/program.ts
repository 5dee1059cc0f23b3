import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

const SERVER = join(import.meta.dirname, '..', '..')
type Environment = Readonly<Record<string, string>>

/** A folder that goes away with its test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** How a program ended. */
export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** A gateway as `npm start` runs it. */
export interface RunningProgram {
  readonly url: string
  readonly child: ChildProcess
  /** What it printed so far. */
  out(): string
  /** Resolves when this text was printed. */
  printed(text: string): Promise<void>
  ended: Promise<Ended>
  /** SIGTERM, and the end. */
  stop(): Promise<Ended>
}

// Nothing of the machine's own environment decides what a test sees.
const bare = (environment: Environment) => ({ PATH: process.env.PATH ?? '', ...environment })

/** Runs a program to its end. */
export async function run(
  file: 'start.js' | 'turnpike.js',
  args: readonly string[],
  environment: Environment = {},
): Promise<Ended> {
  return begin(file, args, environment).ended
}

/** Begins to run a program that the test may end before its time. */
export function begin(
  file: 'start.js' | 'turnpike.js',
  args: readonly string[],
  environment: Environment = {},
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = launch(file, args, environment)
  return { child, ended: follow(child).ended }
}

/** Starts a gateway on a port of its own and waits until it listens. */
export async function startProgram(
  dataFolder: string,
  environment: Environment = {},
): Promise<RunningProgram> {
  const child = launch('start.js', [], {
    TURNPIKE_DATA: dataFolder,
    PORT: '0',
    LOG_LEVEL: 'warn',
    ...environment,
  })
  const followed = follow(child)
  onTestFinished(() => void child.kill('SIGKILL'))
  await followed.printed(' listens at ')
  const url = /listens at (\S+)/.exec(followed.out())?.[1] ?? ''
  return {
    ...followed,
    url,
    child,
    stop() {
      child.kill('SIGTERM')
      return followed.ended
    },
  }
}

/** Runs lines as a person would paste them into a shell. */
export function shell(lines: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('sh', ['-c', lines], (error, out) => (error ? reject(error) : resolve(out)))
  })
}

function launch(file: string, args: readonly string[], environment: Environment): ChildProcess {
  return spawn(process.execPath, [join(SERVER, file), ...args], {
    env: bare(environment),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

function follow(child: ChildProcess) {
  let out = ''
  let err = ''
  const waiting = new Set<() => void>()
  const told = () => {
    for (const look of waiting) look()
  }
  child.stdout?.on('data', (chunk) => {
    out += chunk
    told()
  })
  child.stderr?.on('data', (chunk) => {
    err += chunk
  })
  const ended: Promise<Ended> = once(child, 'close').then(([code]) => ({ code, out, err }))
  return {
    ended,
    out: () => out,
    printed(text: string): Promise<void> {
      return new Promise((resolve, reject) => {
        const look = () => {
          if (!out.includes(text)) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        void ended.then(() => reject(new Error(`it ended without "${text}":\n${out}${err}`)))
        look()
      })
    },
  }
}
