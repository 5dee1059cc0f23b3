/**
 * `node bench/uploads.ts`: what the gateway needs in memory while recordings of 25 MiB go through it, one, twenty and a
 * hundred at once, and how long they take. Ends with code 1 when a goal is missed.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { furnish, managing, startGateway } from './gateway.ts'
import { tellGoal } from './goals.ts'
import { MODELS } from './key-rules.ts'
import { residentBytes, startProgram } from './processes.ts'

const MIB = 2 ** 20
const RECORDING_BYTES = 25 * MIB
const PIECE = Buffer.alloc(64 * 1024, 'sound')
const AT_ONCE = [1, 20, 100]
/** What all of them together may need. */
const MOST_MIB = 192
const HEAD = [
  '--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp3"\r\n\r\n',
  `\r\n--b\r\nContent-Disposition: form-data; name="model"\r\n\r\n${MODELS[0]}\r\n--b--\r\n`,
] as const

const folder = mkdtempSync(join(tmpdir(), 'turnpike-uploads-'))
const adminToken = `tpat_${randomBytes(32).toString('base64url')}`
const upstream = await startProgram(join(import.meta.dirname, 'upstream.ts'))
const gateway = await startGateway({ folder, adminToken })
const agent = new Agent({ keepAlive: true })

/** Sends the file first, as some libraries do, and waits for the answer. */
async function upload(key: string): Promise<void> {
  const sending = request(`${gateway.url}/v1/audio/transcriptions`, {
    method: 'POST',
    agent,
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'multipart/form-data; boundary=b',
      'content-length': RECORDING_BYTES + HEAD.join('').length,
      'x-bench': 'transcript',
    },
  })
  const answered = once(sending, 'response')
  sending.write(HEAD[0])
  for (let sent = 0; sent < RECORDING_BYTES; sent += PIECE.length) {
    if (!sending.write(PIECE)) await once(sending, 'drain')
  }
  sending.end(HEAD[1])
  const [response] = await answered
  response.resume()
  await once(response, 'end')
  if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`)
}

interface Needed {
  readonly resident: number
  readonly external: number
}

/** The most until `done`: resident, and what V8 knows of outside its heap. */
async function watch(done: Promise<unknown>): Promise<Needed> {
  let isOver = false
  void done.finally(() => {
    isOver = true
  })
  let resident = 0
  let external = 0
  for (let at = 0; !isOver; at++) {
    resident = Math.max(resident, residentBytes(gateway.pid))
    if (at % 10 === 0) external = Math.max(external, await externalBytes())
    await pause(20)
  }
  await done
  return { resident: resident / MIB, external: external / MIB }
}

async function externalBytes(): Promise<number> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text()
  return Number(/^nodejs_external_memory_bytes (\S+)$/m.exec(text)?.[1] ?? 0)
}

const rows: string[] = []
let missed = false
try {
  const manage = managing(gateway.url, adminToken)
  await furnish(manage, upstream.url)
  const { key } = await manage('POST', '/api/token/', { name: 'bench', unlimited_quota: true })
  await upload(key)
  const idle = residentBytes(gateway.pid) / MIB
  for (const many of AT_ONCE) {
    const beganAt = performance.now()
    const needed = await watch(Promise.all(Array.from({ length: many }, () => upload(key))))
    const seconds = (performance.now() - beganAt) / 1000
    const more = needed.resident - idle
    missed ||= more > MOST_MIB
    tellGoal({
      what: `resident memory for ${many} recordings at once`,
      measured: `${more.toFixed(0)} MiB`,
      goal: `at most ${MOST_MIB} MiB`,
      met: more <= MOST_MIB,
    })
    const figures = [needed.resident, more, needed.external].map((one) => one.toFixed(0))
    const speed = ((many * RECORDING_BYTES) / MIB / seconds).toFixed(0)
    const goal = more > MOST_MIB ? 'missed' : 'met'
    rows.push(`| ${[many, ...figures, seconds.toFixed(1), speed, goal].join(' | ')} |`)
  }
} finally {
  agent.destroy()
  await Promise.all([gateway.stop(), upstream.stop()])
  rmSync(folder, { recursive: true, force: true })
}
const head = [
  `| at once | resident MiB | more (at most ${MOST_MIB}) | external MiB | seconds | MiB/s | goal |`,
  '|---:|---:|---:|---:|---:|---:|---|',
]
console.log([...head, ...rows].join('\n'))
process.exitCode = missed ? 1 : 0
