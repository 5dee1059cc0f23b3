import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** Linux counts processor time in ticks of 10 ms here, for a process with all its threads. */
const TICK_US = 10_000

/** Processor time of a process so far, all threads, in microseconds. */
export function cpuMicroseconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The command's name stands in brackets and may hold blanks: count from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_US
}

/** The same of a process and all that it started, by their numbers. */
export function cpuOfFamily(pid: number): ReadonlyMap<number, number> {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')
  const family = children.filter(Boolean).flatMap((child) => [...cpuOfFamily(Number(child))])
  return new Map([[pid, cpuMicroseconds(pid)], ...family])
}

/** Resident memory of a process now, in bytes. */
export function residentBytes(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line?.[1] ?? 0) * 1024
}

export interface Running {
  readonly url: string
  readonly pid: number
  stop(): Promise<void>
}

/** Ends a process and waits until it is gone. */
export async function stopProcess(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM') {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}

/** Starts one of the benchmark's own programs, which print their origin as the first line. */
export async function startProgram(file: string, ...parameters: string[]): Promise<Running> {
  const child = spawn(process.execPath, [file, ...parameters], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [url] = (await once(createInterface(child.stdout), 'line')) as [string]
  return { url, pid: child.pid ?? 0, stop: () => stopProcess(child) }
}
