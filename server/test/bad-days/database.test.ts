import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, it } from 'vitest'
import { databaseIn, findingsIn } from '../tools/books.ts'
import { asking, createCalls } from '../tools/calls.ts'
import { newAdminToken, startGateway } from '../tools/gateway.ts'
import { launch, startProgram } from '../tools/program.ts'
import { startUpstream, type Upstream } from '../tools/upstream.ts'
import { streams } from '../tools/upstream-scripts.ts'

const leftovers: (() => unknown)[] = []
afterEach(async () => {
  for (const clear of leftovers.splice(0).reverse()) await clear()
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-bad-'))
  leftovers.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A program that starts and ends in order, so that its folder holds a whole database. */
async function usedFolder(adminToken = newAdminToken()): Promise<string> {
  const folder = newFolder()
  const program = await startProgram({ TURNPIKE_DATA: folder, TURNPIKE_ADMIN_TOKEN: adminToken })
  expect(await program.end()).toBe(0)
  return folder
}

describe('a start is refused, in words', () => {
  it('when a second process owns the folder, naming it, while the first goes on', async () => {
    const folder = newFolder()
    const first = await startProgram({ TURNPIKE_DATA: folder })
    leftovers.push(() => first.end('SIGKILL'))
    const second = await launch({ TURNPIKE_DATA: folder })
    expect(await second.ended).toBeGreaterThan(0)
    expect(second.printed()).toContain(first.url)
    expect(second.printed()).not.toMatch(/\n\s+at /)
    expect((await fetch(`${first.url}/healthz`)).status).toBe(200)
    expect(await first.end()).toBe(0)
  })

  it('but not after the owner was killed', async () => {
    const folder = newFolder()
    const first = await startProgram({ TURNPIKE_DATA: folder })
    await first.end('SIGKILL')
    const second = await startProgram({ TURNPIKE_DATA: folder })
    expect(await second.end()).toBe(0)
  })

  it('when the schema is newer than the program', async () => {
    const folder = await usedFolder()
    const database = new DatabaseSync(databaseIn(folder))
    const { changes } = database
      .prepare("UPDATE meta SET value = '9999' WHERE name LIKE '%schema%'")
      .run()
    const before = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()
    database.close()
    expect(changes).toBe(1)
    const program = await launch({ TURNPIKE_DATA: folder })
    expect(await program.ended).toBeGreaterThan(0)
    expect(program.printed()).toMatch(/newer/i)
    expect(program.printed()).not.toMatch(/\n\s+at /)
    const untouched = new DatabaseSync(databaseIn(folder))
    expect(untouched.prepare('SELECT count(*) AS n FROM sqlite_schema').get()).toEqual(before)
    untouched.close()
  })

  it('when the database is no database', async () => {
    const folder = await usedFolder()
    writeFileSync(
      databaseIn(folder),
      'this is no database, but long enough to be looked at'.repeat(100),
    )
    const program = await launch({ TURNPIKE_DATA: folder })
    expect(await program.ended).toBeGreaterThan(0)
    expect(program.printed()).not.toMatch(/\n\s+at /)
  })

  it('when the root secret is another one', async () => {
    const folder = await usedFolder()
    const program = await launch({ TURNPIKE_DATA: folder, TURNPIKE_SECRET: 'x'.repeat(64) })
    expect(await program.ended).toBeGreaterThan(0)
    expect(program.printed()).toMatch(/secret/i)
  })

  // Root may write everything, whatever the mode says.
  it.skipIf(process.getuid?.() === 0)('when the file can only be read', async () => {
    const folder = await usedFolder()
    chmodSync(databaseIn(folder), 0o400)
    const program = await launch({ TURNPIKE_DATA: folder })
    expect(await program.ended).toBeGreaterThan(0)
    expect(program.printed()).toMatch(READ_ONLY)
  })
})

const READ_ONLY = /read-?only|writ/i

/** A file system of its own, small enough to fill; undefined where mounting is not allowed. */
function smallDisk(mebibytes: number): string | undefined {
  const folder = newFolder()
  const disk = join(folder, 'disk')
  mkdirSync(disk)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', disk], {
      stdio: 'ignore',
    })
  } catch {
    return undefined
  }
  leftovers.push(() => execFileSync('umount', [disk]))
  return disk
}

function fill(disk: string): () => void {
  const ballast = join(disk, 'ballast')
  const { bavail, bsize } = statfsSync(disk)
  writeFileSync(ballast, Buffer.alloc(Number(bavail) * Number(bsize)))
  return () => rmSync(ballast)
}

const canMount = (() => {
  const disk = smallDisk(1)
  for (const clear of leftovers.splice(0).reverse()) clear()
  return disk !== undefined
})()

async function furnished(disk: string, upstream: Upstream) {
  const adminToken = newAdminToken()
  const program = await startProgram({ TURNPIKE_DATA: disk, TURNPIKE_ADMIN_TOKEN: adminToken })
  leftovers.push(() => program.end('SIGKILL'))
  const gateway = createCalls({
    url: program.url,
    adminToken,
    upstream,
    secrets: new Set(),
    answers: [],
  })
  await gateway.offer('plain')
  await gateway.offer('streamed', streams())
  return { program, gateway, key: await gateway.createKey() }
}

describe.runIf(canMount)('a disk that can only be read', () => {
  it('refuses the start in words', async () => {
    const disk = smallDisk(64) as string
    const first = await startProgram({ TURNPIKE_DATA: disk })
    expect(await first.end()).toBe(0)
    execFileSync('mount', ['-o', 'remount,ro', disk])
    const program = await launch({ TURNPIKE_DATA: disk })
    expect(await program.ended).toBeGreaterThan(0)
    expect(program.printed()).toMatch(READ_ONLY)
    expect(program.printed()).not.toMatch(/\n\s+at /)
  })
})

describe.runIf(canMount)('a disk that is full', () => {
  it('makes calls fail clearly, completes none without its charge, and is forgotten once there is room', {
    timeout: 90_000,
  }, async () => {
    const disk = smallDisk(64) as string
    const upstream = await startUpstream()
    leftovers.push(() => upstream.close())
    const { program, gateway, key } = await furnished(disk, upstream)
    const empty = fill(disk)

    let complete = 0
    const failed: string[] = []
    const refused = new Map<string, number>()
    for (let i = 0; i < 30; i++) {
      const stream = i % 2 === 0
      const answer = await gateway.call(
        asking(stream ? 'streamed' : 'plain', { stream, max_tokens: 20 }),
        key.key,
      )
      const whole = answer.status === 200 && (!stream || answer.text.includes('[DONE]'))
      if (whole) {
        complete += 1
        continue
      }
      failed.push(answer.requestId)
      refused.set(/ledger_unavailable/.exec(answer.text)?.[0] ?? answer.text, 1)
    }
    // Settlements that fit into what the file had left may pass; then every one is refused by name.
    expect([...refused.keys()]).toEqual(['ledger_unavailable'])
    expect((await fetch(`${program.url}/healthz`)).status).toBe(200)
    expect((await fetch(`${program.url}/readyz`)).status).toBe(503)

    empty()
    const served = async () =>
      (await gateway.call(asking('plain', { max_tokens: 20 }), key.key)).status
    await expect.poll(served, { timeout: 15_000, interval: 500 }).toBe(200)
    const { used_quota, remain_quota } = await gateway.keyRecord(key.id)
    // One more was served at the end; those that the client was told to have failed cost nothing.
    expect(used_quota).toBe((complete + 1) * 30)
    expect(remain_quota + used_quota).toBe(1_000_000)
    for (const requestId of failed) expect((await gateway.usageOf(requestId))?.quota ?? 0).toBe(0)
    expect(await program.end()).toBe(0)
    expect(await findingsIn(disk)).toEqual([])
  })
})

describe('a database that another program keeps locked', () => {
  it('makes the call wait or fail clearly, and loses no charge', { timeout: 60_000 }, async () => {
    const upstream = await startUpstream()
    leftovers.push(() => upstream.close())
    const folder = newFolder()
    const { program, gateway, key } = await furnished(folder, upstream)
    const intruder = new DatabaseSync(databaseIn(folder))
    let locked = false
    try {
      intruder.exec('BEGIN IMMEDIATE')
      locked = true
    } catch {
      // The gateway holds the file for itself: nobody else can lock it, which is as good.
    }
    const call = gateway.call(asking('plain', { max_tokens: 20 }), key.key)
    if (locked) {
      await upstream.next()
      intruder.exec('ROLLBACK')
    }
    intruder.close()
    const answer = await call
    expect([200, 503]).toContain(answer.status)
    await expect
      .poll(async () => (await gateway.keyRecord(key.id)).used_quota)
      .toBe(answer.status === 200 ? 30 : 0)
    expect(await program.end()).toBe(0)
    expect(await findingsIn(folder)).toEqual([])
  })

  it('stops all the same when it is told to, and says which calls are not on the books', {
    timeout: 60_000,
  }, async () => {
    const gateway = await startGateway({ config: { drainSeconds: 1 } })
    await gateway.offer('plain')
    const { key } = await gateway.createKey()
    const intruder = new DatabaseSync(databaseIn(gateway.dataFolder))
    intruder.exec('BEGIN IMMEDIATE')
    const call = gateway.call(asking('plain', { max_tokens: 20 }), key).catch(() => undefined)
    await gateway.upstream.next()
    await gateway.close()
    intruder.exec('ROLLBACK')
    intruder.close()
    expect((await call)?.status).not.toBe(200)
    const told = gateway.logs.filter((line) => line.includes('settlements were not written'))
    expect(told.map((line) => JSON.parse(line).calls)).toEqual([[expect.stringMatching(/^req_/)]])
  })
})
