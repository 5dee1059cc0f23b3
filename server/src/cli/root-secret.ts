import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { createVault, type RootSecret, SealBroken, type Vault } from '../keys/vault.ts'
import type { Compilable, Store } from '../storage/store.ts'
import type { DataFolder } from './data-folder.ts'
import { StartError } from './start-error.ts'

/** The vault of this installation, and what stands behind it. */
export interface OpenedVault {
  readonly vault: Vault
  readonly present: RootSecret
  readonly former: readonly RootSecret[]
}

export interface OpenVaultParts {
  readonly store: Store
  readonly random: (bytes: number) => Uint8Array
  /** What messages call the data that was written under the secret; otherwise by its folder. */
  readonly named?: string
}

const SECRET_BYTES = 32
const SHORTEST_SECRET = 32
const CHECKED = 'turnpike root secret'

/** Rows of `meta`: the number and check value of the present secret, and former ones sealed under it. */
const PEPPER_ID = 'pepper_id'
const CHECK = 'secret_check'
const FORMER = 'former_secret:'

/** Where a rotation puts the next secret until the database has taken it. */
export const nextSecretFile = (folder: DataFolder) => `${folder.secretFile}.next`

/**
 * Opens the vault: secret from the environment, else from its file, which is made when the database is new.
 * @throws StartError when the secret is missing, or is not the one that this database was written under.
 */
export async function openVault(
  folder: DataFolder,
  given: string | undefined,
  outside: OpenVaultParts,
): Promise<OpenedVault> {
  const { store, random, named = folder.path } = outside
  const meta = await readMeta(store)
  const check = meta.get(CHECK)
  if (check === undefined) {
    const secret = given === undefined ? newOrPresentFile(folder, random) : bytesOf(given)
    const present = { secret, pepperId: 1 }
    await store.write(presentStatements(store, present))
    return { vault: createVault(secret, 1), present, former: [] }
  }
  const pepperId = Number(meta.get(PEPPER_ID))
  const secret = fittingSecret({ folder, named }, given, { pepperId, check })
  const bare = createVault(secret, pepperId)
  const former = [...meta].flatMap(([name, sealed]) =>
    name.startsWith(FORMER) ? [openFormer(bare, name, sealed)] : [],
  )
  const present = { secret, pepperId }
  return { vault: createVault(secret, pepperId, former), present, former }
}

/** Whether anything was ever written under a root secret. */
export const hasRootSecret = async (store: Store): Promise<boolean> =>
  (await readMeta(store)).has(CHECK)

/** Whether a text is the root secret of an installation with these rows of `meta`. */
export function isRootSecret(meta: ReadonlyMap<string, string>, text: string): boolean {
  return createVault(bytesOf(text), Number(meta.get(PEPPER_ID))).digest(CHECKED) === meta.get(CHECK)
}

/** Writes the number and the check value of the secret that counts from now on. */
export function presentStatements(store: Store, present: RootSecret): readonly Compilable[] {
  const { secret, pepperId } = present
  return [
    metaStatement(store, PEPPER_ID, String(pepperId)),
    metaStatement(store, CHECK, createVault(secret, pepperId).digest(CHECKED)),
  ]
}

/** Keeps a former secret for the rows that were written under it, sealed under the present one. */
export function formerStatement(store: Store, present: RootSecret, former: RootSecret): Compilable {
  const name = `${FORMER}${former.pepperId}`
  const text = Buffer.from(former.secret).toString('base64url')
  return metaStatement(store, name, createVault(present.secret, present.pepperId).seal(text, name))
}

/** Forgets a former secret that no row needs any more. */
export const forgetFormer = (store: Store, pepperId: number): Compilable =>
  store.db.deleteFrom('meta').where('name', '=', `${FORMER}${pepperId}`)

/** A new secret as text, which is how file and environment hold it alike: one can take the other's place. */
export const newSecret = (random: (bytes: number) => Uint8Array): Uint8Array =>
  bytesOf(Buffer.from(random(SECRET_BYTES)).toString('hex'))

/** Writes a secret where only the owner reads it, and sees it on the disk, with its name, before going on. */
export function writeSecretFile(path: string, secret: Uint8Array): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    writeSync(file, `${Buffer.from(secret).toString('utf8')}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  syncFolder(path)
}

/** Puts the next secret in the place of the former one. */
export function replaceSecretFile(folder: DataFolder): void {
  renameSync(nextSecretFile(folder), folder.secretFile)
  syncFolder(folder.secretFile)
}

/** A power failure may take the name of a file whose bytes are on the disk (fsync(2)), and with it every key. */
function syncFolder(path: string): void {
  // Windows opens no folders.
  if (process.platform === 'win32') return
  const folder = openSync(dirname(path), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** The secret as the environment gives it. */
export const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'utf8')

function newOrPresentFile(folder: DataFolder, random: (bytes: number) => Uint8Array): Uint8Array {
  if (existsSync(folder.secretFile)) return readSecretFile(folder.secretFile)
  const secret = newSecret(random)
  writeSecretFile(folder.secretFile, secret)
  return secret
}

function readSecretFile(path: string): Uint8Array {
  const text = readFileSync(path, 'utf8').trim()
  if (text.length < SHORTEST_SECRET) {
    throw new StartError(
      `The file ${path} does not hold a root secret, which has at least ${SHORTEST_SECRET} characters.`,
    )
  }
  return bytesOf(text)
}

/** The secret that this database was written under; after a rotation that was cut off, it is the next one. */
function fittingSecret(
  { folder, named }: { folder: DataFolder; named: string },
  given: string | undefined,
  wanted: { pepperId: number; check: string },
): Uint8Array {
  const fits = (secret: Uint8Array) =>
    createVault(secret, wanted.pepperId).digest(CHECKED) === wanted.check
  if (given !== undefined) {
    const secret = bytesOf(given)
    if (fits(secret)) return secret
    throw new StartError(
      `TURNPIKE_SECRET is not the root secret that the data in ${named} was written under. Start with that one; \`turnpike secret rotate\` replaces it.`,
    )
  }
  const next = nextSecretFile(folder)
  if (existsSync(next)) {
    const secret = readSecretFile(next)
    if (fits(secret)) {
      replaceSecretFile(folder)
      return secret
    }
  }
  if (!existsSync(folder.secretFile)) {
    throw new StartError(
      `The data in ${named} was written under a root secret, but neither TURNPIKE_SECRET nor the file ${folder.secretFile} is there. Restore it from your backup.`,
    )
  }
  const secret = readSecretFile(folder.secretFile)
  if (fits(secret)) return secret
  throw new StartError(
    `The file ${folder.secretFile} is not the root secret that the data in ${named} was written under. Restore the one that belongs to it.`,
  )
}

function openFormer(bare: Vault, name: string, sealed: string): RootSecret {
  try {
    const secret = Buffer.from(bare.open(sealed, name), 'base64url')
    return { secret, pepperId: Number(name.slice(FORMER.length)) }
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error
    throw new StartError('A former root secret in the database does not open: it was changed.')
  }
}

async function readMeta(store: Store): Promise<ReadonlyMap<string, string>> {
  const rows = await store.db.selectFrom('meta').selectAll().execute()
  return new Map(rows.map(({ name, value }) => [name, value]))
}

function metaStatement(store: Store, name: string, value: string): Compilable {
  return store.db
    .insertInto('meta')
    .values({ name, value })
    .onConflict((on) => on.column('name').doUpdateSet({ value }))
}
