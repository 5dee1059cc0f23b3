import { existsSync, rmSync } from 'node:fs'
import { openUpstreamKeys, sealUpstreamKeys } from '../channels/upstream-keys.ts'
import { keySeal } from '../keys/sealed.ts'
import { createVault, type RootSecret, type Vault } from '../keys/vault.ts'
import { auditStatement, theProgram } from '../manage/audit/record.ts'
import { livingNode } from '../storage/postgres/living.ts'
import { nameOf } from '../storage/postgres/name.ts'
import type { Compilable, Store } from '../storage/store.ts'
import type { DataFolder } from './data-folder.ts'
import {
  databaseUrlOf,
  type LentStore,
  meantFolder,
  type OwnStore,
  withOwnStore,
  withPostgres,
} from './own-store.ts'
import { renewSecondFactors } from './renew-second-factors.ts'
import { renewWebhooks } from './renew-webhooks.ts'
import {
  bytesOf,
  forgetFormer,
  formerStatement,
  hasRootSecret,
  newSecret,
  nextSecretFile,
  openVault,
  presentStatements,
  replaceSecretFile,
  writeSecretFile,
} from './root-secret.ts'
import type { Typed } from './run.ts'
import { StartError } from './start-error.ts'
import { DONE, type Terminal } from './terminal.ts'
import { unlessBroken } from './unless-broken.ts'

const KEYS_AT_ONCE = 500

/** A database of which nobody else knows the secret for the moment. */
interface Rotating extends OwnStore {
  /** What messages call what was written under the secret; otherwise by its folder. */
  readonly named?: string
}

/**
 * Replaces the root secret. First the database knows both, then everything is encrypted and hashed anew in portions,
 * last the old one is forgotten unless a row still needs it: a rotation that was cut off is mended by the next.
 */
export async function rotateSecret(terminal: Terminal, { options }: Typed): Promise<number> {
  const url = databaseUrlOf(terminal, options.data)
  if (url === undefined) await withOwnStore(terminal, options.data, (own) => rotate(terminal, own))
  else await withPostgres(url, (lent) => rotateShared(terminal, url, lent))
  return DONE
}

/** Gateways that run would go on under the former secret; one that is started meanwhile waits for the new one. */
async function rotateShared(terminal: Terminal, url: string, { store, outside }: LentStore) {
  const folder = meantFolder(terminal, undefined)
  await store.alone(async () => {
    if (!(await hasRootSecret(store))) {
      throw new StartError(`No gateway was ever started on ${nameOf(url)}.`)
    }
    const node = await livingNode(async () => (await store.nodes?.()) ?? [])
    if (node !== undefined) {
      throw new StartError(`A gateway runs on ${nameOf(url)}: ${node}. Stop all of them first.`)
    }
    await rotate(terminal, { store, outside, folder, named: nameOf(url) })
    terminal.say('Every gateway of this database needs the new one from now on.')
  })
}

async function rotate(terminal: Terminal, own: Rotating): Promise<void> {
  const given = terminal.environment.TURNPIKE_SECRET?.trim() || undefined
  const { present, former } = await openVault(own.folder, given, {
    ...{ store: own.store, random: own.outside.random },
    ...(own.named === undefined ? {} : { named: own.named }),
  })
  const next: RootSecret = {
    secret: nextSecret(terminal, given, own),
    pepperId: present.pepperId + 1,
  }
  await switchTo(own, next, [present, ...former], given === undefined)
  const vault = createVault(next.secret, next.pepperId, [present, ...former])
  const broken: string[] = []
  const keys = await renewKeys(own.store, vault, broken)
  const channels = await renewChannels(own.store, vault, broken)
  const webhooks = await renewWebhooks(own.store, vault, broken)
  const factors = await renewSecondFactors(own.store, vault, broken)
  const kept = await forgetUnneeded(own, [present, ...former])
  terminal.say(
    `The root secret was replaced; ${keys} keys, ${channels} channels, ${webhooks} webhooks and ${factors} second factors were encrypted anew. Whoever was signed in to the console signs in again.`,
  )
  if (given === undefined) terminal.say(`It is in ${own.folder.secretFile}: back it up.`)
  else terminal.say('From now on start with TURNPIKE_SECRET set to what TURNPIKE_NEW_SECRET was.')
  if (broken.length > 0) {
    terminal.complain(
      `Left as they are, because they don't open under any secret: ${broken.join(', ')}. Somebody changed them.`,
    )
  }
  if (kept > 0) {
    terminal.say(
      `${kept} keys whose value is stored nowhere, or that were rotated a while ago, still need the former secret: it is kept, encrypted, until they are gone.`,
    )
  }
}

function nextSecret(terminal: Terminal, given: string | undefined, own: Rotating): Uint8Array {
  if (given === undefined) return newSecret(own.outside.random)
  const next = terminal.environment.TURNPIKE_NEW_SECRET?.trim() ?? ''
  if (next.length >= 32 && next !== given) return bytesOf(next)
  throw new StartError(
    'The root secret comes from TURNPIKE_SECRET: set TURNPIKE_NEW_SECRET to the one that should replace it, at least 32 characters.',
  )
}

/** From here on the next secret counts. Its file is there before the database asks for it. */
async function switchTo(
  { store, folder, outside }: Rotating,
  next: RootSecret,
  former: readonly RootSecret[],
  inFile: boolean,
): Promise<void> {
  if (inFile) prepareFile(folder, next.secret)
  await store.write([
    ...presentStatements(store, next),
    ...former.map((one) => formerStatement(store, next, one)),
    auditStatement({ store, now: outside.now }, theProgram('command line'), {
      action: 'secret.rotate',
      subject: 'root secret',
    }),
  ])
  if (inFile) replaceSecretFile(folder)
}

/** A file that is left over from a rotation that was cut off before the database took it means nothing. */
function prepareFile(folder: DataFolder, secret: Uint8Array): void {
  const path = nextSecretFile(folder)
  if (existsSync(path)) rmSync(path)
  writeSecretFile(path, secret)
}

/** Encrypts and hashes every key's value anew, where it is stored. Names those that don't open. */
async function renewKeys(store: Store, vault: Vault, broken: string[]): Promise<number> {
  let renewed = 0
  for (let last = 0; ; ) {
    const rows = await store.db
      .selectFrom('key')
      .select(['id', 'sealed'])
      .where('id', '>', last)
      .where('pepper_id', '<>', vault.pepperId)
      .where('sealed', 'is not', null)
      .orderBy('id')
      .limit(KEYS_AT_ONCE)
      .execute()
    const final = rows.at(-1)
    if (final === undefined) return renewed
    const statements = rows.flatMap((row) =>
      unlessBroken(broken, `key ${row.id}`, () => renewKey(store, vault, row)),
    )
    if (statements.length > 0) await store.write(statements)
    last = final.id
    renewed += statements.length
  }
}

function renewKey(
  store: Store,
  vault: Vault,
  row: { readonly id: number; readonly sealed: string | null },
): Compilable {
  const value = vault.open(row.sealed ?? '', keySeal(row.id))
  return store.db
    .updateTable('key')
    .set({
      digest: vault.digest(value),
      pepper_id: vault.pepperId,
      sealed: vault.seal(value, keySeal(row.id)),
    })
    .where('id', '=', row.id)
}

async function renewChannels(store: Store, vault: Vault, broken: string[]): Promise<number> {
  const rows = await store.db
    .selectFrom('channel')
    .select(['id', 'keys'])
    .where('keys', '<>', '[]')
    .execute()
  const statements = rows.flatMap(({ id, keys }) =>
    unlessBroken(broken, `channel ${id}`, () =>
      store.db
        .updateTable('channel')
        .set({ keys: sealUpstreamKeys(vault, id, openUpstreamKeys(vault, id, keys)) })
        .where('id', '=', id),
    ),
  )
  if (statements.length > 0) await store.write(statements)
  return statements.length
}

/** Forgets each former secret that no living value was hashed under. Resolves with how many values hold the others. */
async function forgetUnneeded(
  { store, outside }: Rotating,
  former: readonly RootSecret[],
): Promise<number> {
  let needed = 0
  for (const { pepperId } of former) {
    const values = await valuesUnder(store, pepperId, Math.floor(outside.now() / 1000))
    needed += values
    if (values === 0) await store.write([forgetFormer(store, pepperId)])
  }
  return needed
}

async function valuesUnder(store: Store, pepperId: number, seconds: number): Promise<number> {
  const { keys, rotated } = await store.db
    .selectNoFrom((from) => [
      from
        .selectFrom('key')
        .where('pepper_id', '=', pepperId)
        .where('deleted_at', 'is', null)
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .as('keys'),
      from
        .selectFrom('key_former')
        .where('pepper_id', '=', pepperId)
        .where('valid_until', '>', seconds)
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .as('rotated'),
    ])
    .executeTakeFirstOrThrow()
  return Number(keys) + Number(rotated)
}
