import { spawnSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { CannotOpen, NewerSchema, OwnedElsewhere } from '../../src/storage/failures.ts'
import { claimOwnership } from '../../src/storage/ownership.ts'
import { openSqliteStore } from '../../src/storage/sqlite.ts'
import { temporaryFolder } from '../ledger/books.ts'

const open = (path: string) => openSqliteStore({ path, durability: 'full' })
const source = (file: string) => new URL(`../../src/storage/${file}`, import.meta.url).href

/** Runs a few lines in a process of their own; answers with what they print. */
function elsewhere(lines: string): string {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module-typescript', '--eval', lines],
    { encoding: 'utf8' },
  )
  return stdout + stderr
}

it('a database of a newer version is left alone', async () => {
  const path = join(await temporaryFolder(), 'newer.db')
  await (await open(path)).close()
  const database = new DatabaseSync(path)
  database.exec("update meta set value = '99' where name = 'schema'")
  database.close()
  const refusal = await open(path).catch((failure: unknown) => failure)
  expect(refusal).toBeInstanceOf(NewerSchema)
  expect(String(refusal)).toContain('schema 99')
})

it('opens again what it made, without changing it', async () => {
  const path = join(await temporaryFolder(), 'twice.db')
  const first = await open(path)
  await first.write([
    first.db.insertInto('setting').values({ name: 'a', value: '1', updated_at: 1 }),
  ])
  await first.close()
  const second = await open(path)
  expect(await second.db.selectFrom('setting').selectAll().execute()).toHaveLength(1)
  await second.close()
})

it('leaves one whole file behind when it is closed, however often', async () => {
  const folder = await temporaryFolder()
  for (let round = 0; round < 5; round++) {
    const store = await open(join(folder, 'whole.db'))
    await store.write([
      store.db.insertInto('setting').values({ name: `${round}`, value: '1', updated_at: 1 }),
    ])
    await store.close()
    expect(readdirSync(folder)).toEqual(['whole.db'])
  }
})

it('says what is wrong with a file that is no database, and with a folder that is not there', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'text.db')
  writeFileSync(path, 'this is a text of some length, and certainly not a database. '.repeat(99))
  await expect(open(path)).rejects.toThrow('not a database')
  const missing = await open(join(folder, 'nowhere', 'a.db')).catch((failure: unknown) => failure)
  expect(missing).toBeInstanceOf(CannotOpen)
  expect(String(missing)).toContain('does not exist')
})

it('refuses a file that it may not write to, in words', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'read-only.db')
  await (await open(path)).close()
  const said = elsewhere(`
    import { chmodSync } from 'node:fs'
    import { openForWriting } from ${JSON.stringify(source('sqlite-open.ts'))}
    chmodSync(${JSON.stringify(path)}, 0o444)
    chmodSync(${JSON.stringify(folder)}, 0o777)
    // Root may write to anything, so root becomes nobody.
    if (process.getuid() === 0) process.setuid(65534)
    try { openForWriting(${JSON.stringify(path)}, 'full') } catch (failure) { console.log(String(failure)) }
  `)
  expect(said).toContain('CannotOpen')
  expect(said).toContain('read-only')
})

it('one process owns the folder; another learns which, and may have it once the owner is dead', async () => {
  const folder = await temporaryFolder()
  const ownership = claimOwnership(folder, { url: 'http://127.0.0.1:3000' })
  const claim = `
    import { claimOwnership } from ${JSON.stringify(source('ownership.ts'))}
    try { claimOwnership(${JSON.stringify(folder)}); console.log('claimed') }
    catch (failure) { console.log(String(failure)) }
  `
  const refused = elsewhere(claim)
  expect(refused).toContain(`process ${process.pid}`)
  expect(refused).toContain('http://127.0.0.1:3000')
  expect(() => claimOwnership(folder)).toThrow(OwnedElsewhere)
  ownership.tell('http://127.0.0.1:4000')
  expect(elsewhere(claim)).toContain('http://127.0.0.1:4000')
  ownership.release()
  // It ends without releasing anything: the kernel drops the lock.
  expect(elsewhere(`${claim}; process.kill(process.pid, 'SIGKILL')`)).toContain('claimed')
  claimOwnership(folder).release()
})
