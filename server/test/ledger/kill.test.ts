import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { runDoctor } from '../../src/ledger/doctor.ts'
import { openSqliteStore } from '../../src/storage/sqlite.ts'
import { temporaryFolder } from './books.ts'

const program = fileURLToPath(new URL('./settling-process.ts', import.meta.url))

/** Lets a process settle until it acknowledged `enough` calls, then kills it without a warning. */
function settleUntilKilled(path: string, prefix: string, enough: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, path, prefix], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.split('\n').length > enough) child.kill('SIGKILL')
    })
    child.on('error', reject)
    // What was acknowledged up to the last complete line, also what was on its way through the pipe.
    child.on('close', () => resolve(said.split('\n').slice(0, -1)))
  })
}

it('after kill -9 under load, every acknowledged settlement is on the books, and the books agree', async () => {
  const path = join(await temporaryFolder(), 'killed.db')
  const acknowledged: string[] = []
  for (const [prefix, enough] of [
    ['a', 300],
    ['b', 37],
    ['c', 1],
  ] as const) {
    acknowledged.push(...(await settleUntilKilled(path, prefix, enough)))
    expect(await runDoctor(path)).toEqual([])
  }
  const store = await openSqliteStore({ path, durability: 'full' })
  const rows = await store.db.selectFrom('usage').select(['request_id', 'quota']).execute()
  await store.close()
  const written = rows.map(({ request_id }) => request_id)
  expect(new Set(written).size).toBe(written.length)
  expect(acknowledged.filter((name) => !written.includes(name))).toEqual([])
  expect(acknowledged.length).toBeGreaterThanOrEqual(338)
  expect(rows.every(({ quota }) => quota === 7)).toBe(true)
})
