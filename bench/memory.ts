/**
 * `node bench/memory.ts`: what the gateway needs when much is open, much has passed and much is known, and how fast it
 * is there. Ends with code 1 when a goal is missed.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type BenchGateway, startBenchGateway } from './gateway.ts'
import { createGoals } from './goals.ts'
import { press } from './press.ts'
import { residentBytes, startProgram } from './processes.ts'
import { SCENARIOS } from './scenarios.ts'

const MIB = 2 ** 20
const goals = createGoals()
const folder = mkdtempSync(join(tmpdir(), 'turnpike-memory-'))
const upstream = await startProgram(join(import.meta.dirname, 'upstream.ts'))
const gateway = await startBenchGateway(folder, upstream.url)
const key = readFileSync(gateway.keys.one, 'utf8')
const streaming = SCENARIOS.find(({ answer }) => answer === 'stream')?.body ?? ''
const small = SCENARIOS[0]?.body ?? ''
const load = { url: gateway.url, keys: gateway.keys.one, connections: 32, seconds: 0 }
const resident = () => residentBytes(gateway.pid) / MIB

/** From the start of a process until its first call is answered, on data that is there already. */
async function firstAnswer(of: BenchGateway) {
  await of.stop()
  const startedAt = performance.now()
  const again = await of.restart()
  const response = await fetch(`${again.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: small,
  })
  await response.text()
  if (response.status !== 200) throw new Error(`answered ${response.status}`)
  return { again, ms: performance.now() - startedAt }
}

/** Opens streams and reads nothing of them. */
async function openUnread(count: number): Promise<Socket[]> {
  const { hostname, port } = new URL(gateway.url)
  const head = [
    'POST /v1/chat/completions HTTP/1.1',
    `host: ${hostname}`,
    `authorization: Bearer ${key}`,
    'content-type: application/json',
    'x-bench: torrent',
    `content-length: ${Buffer.byteLength(streaming)}`,
  ].join('\r\n')
  const sockets = Array.from({ length: count }, () => connect(Number(port), hostname).pause())
  for (const socket of sockets) {
    socket.on('error', () => {})
    socket.write(`${head}\r\n\r\n${streaming}`)
  }
  return sockets
}

/** The highest of several looks, until it stops rising. */
async function highest(): Promise<number> {
  let most = 0
  for (let still = 0; still < 10; still++) {
    await pause(300)
    const now = resident()
    if (now > most * 1.01) still = 0
    most = Math.max(most, now)
  }
  return most
}

try {
  const many = { ...load, keys: gateway.keys.many, answer: 'small', body: small, amount: 100_000 }
  const called = await press(many)
  if (Object.keys(called.statuses).join() !== '200') throw new Error(JSON.stringify(called))
  goals.atMost('100 000 keys, each called once', resident(), 400, 'MiB')

  const burst = { ...load, answer: 'burst', body: streaming, amount: 5000 }
  await press(burst)
  const half = resident()
  await press(burst)
  goals.atMost(
    '10 000 streams in sequence: growth by the second half',
    resident() - half,
    32,
    'MiB',
  )

  const sockets = await openUnread(1000)
  goals.atMost('1 000 open streams that nobody reads', await highest(), 1024, 'MiB')
  for (const socket of sockets) socket.destroy()

  const { again, ms } = await firstAnswer(gateway)
  goals.atMost('start to first answered request', ms, 1500, 'ms')
  await again.stop()
} finally {
  await Promise.all([gateway.stop(), upstream.stop()])
  rmSync(folder, { recursive: true, force: true })
}
console.log(goals.table())
process.exitCode = goals.allMet() ? 0 : 1
