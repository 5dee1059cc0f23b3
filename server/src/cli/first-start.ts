import type { AccessTokens } from '../accounts/access-tokens.ts'
import type { Accounts } from '../accounts/accounts.ts'
import { ACCESS_SCOPES } from '../accounts/caller.ts'
import type { Passwords } from '../accounts/passwords.ts'
import { type ChannelType, TYPE_RULES } from '../channels/types/types.ts'
import { type Sealer, sealUpstreamKeys } from '../channels/upstream-keys.ts'
import type { Config, ProviderConfig } from '../config.ts'
import { auditStatement, theProgram } from '../manage/audit/record.ts'
import { SIMULATOR_MODEL } from '../prices/own-models.ts'
import type { Compilable, Store } from '../storage/store.ts'
import type { ChannelTable } from '../storage/tables.ts'

/** What the first start made and nobody can read again; undefined where the environment chose it. */
export interface FirstStart {
  readonly username: string
  readonly password: string | undefined
  readonly token: string | undefined
}

export interface FirstStartRooms {
  readonly store: Store
  readonly vault: Pick<Sealer, 'seal'>
  readonly accounts: Accounts
  readonly accessTokens: AccessTokens
  readonly passwords: Passwords
  readonly now: () => number
  readonly random: (bytes: number) => Uint8Array
}

const ADMIN = 'admin'
const US = theProgram('first start')
/** Rows of `meta`. */
const DONE = 'first_start'

/**
 * Makes the administrator, once. The account is unlimited, so that a newcomer's first key can call at once. A first
 * start that was cut off is done again: the mark comes last, with the token.
 */
export async function makeAdmin(
  rooms: FirstStartRooms,
  config: Config,
): Promise<FirstStart | undefined> {
  if (await hasMark(rooms.store, DONE)) return undefined
  const { accounts, accessTokens, passwords, random } = rooms
  const noted = (action: string, subject: string, after: object) => [
    auditStatement(rooms, US, { action, subject, after }),
  ]
  const password = config.adminPassword ?? Buffer.from(random(15)).toString('base64url')
  const passwordHash = await passwords.hash(password)
  // Whoever chose one knows it alone; one that was printed may have been read by others.
  const passwordDue = config.adminPassword === undefined
  const actor = US.caller.username
  const present = await accounts.findByName(ADMIN)
  if (present !== undefined) {
    const also = (id: number) => noted('account.update', `account ${id}`, { password: 'changed' })
    await accounts.update(present.id, { passwordHash, passwordDue }, { actor, also })
  }
  const accountId =
    present?.id ??
    (await accounts.create(
      {
        username: ADMIN,
        passwordHash,
        passwordDue,
        role: 'admin',
        group: 'default',
        groups: [],
        quota: 0,
        unlimited: true,
      },
      {
        actor,
        also: (id) => noted('account.create', `account ${id}`, { username: ADMIN, role: 'admin' }),
      },
    ))
  const made = { name: 'first start', scopes: ACCESS_SCOPES, expiresAt: null }
  const { token } = await accessTokens.create(
    {
      ...made,
      accountId,
      ...(config.adminToken === undefined ? {} : { value: config.adminToken }),
    },
    // In one write: a token from the environment can't be made twice.
    (id) => [
      ...noted('access_token.create', `access token ${id}`, {
        account_id: accountId,
        name: made.name,
        scopes: made.scopes,
        expires_at: made.expiresAt,
      }),
      markStatement(rooms, DONE),
    ],
  )
  return {
    username: ADMIN,
    password: config.adminPassword === undefined ? password : undefined,
    token: config.adminToken === undefined ? token : undefined,
  }
}

/**
 * Makes the channels that the environment asks for, the first time that it does; afterwards they are changed like any
 * other. When there is no channel at all, a simulator answers, so that there is something to call.
 */
export async function makeChannels(rooms: FirstStartRooms, config: Config): Promise<void> {
  const { store, vault } = rooms
  for (const named of config.providers) {
    const mark = `environment_channel:${named.provider}`
    if (await hasMark(store, mark)) continue
    const id = await store.nextId('channel')
    const channel = {
      id,
      name: named.provider,
      type: typeOf(named),
      base_url: named.baseUrl ?? TYPE_RULES[named.provider].standardBaseUrl,
      keys: sealUpstreamKeys(vault, id, [named.key]),
      models: JSON.stringify(named.models),
    }
    await putChannel(rooms, channel, [markStatement(rooms, mark)])
  }
  const any = await store.db.selectFrom('channel').select('id').limit(1).executeTakeFirst()
  if (any !== undefined) return
  await putChannel(rooms, {
    id: await store.nextId('channel'),
    name: 'simulator',
    type: 'simulator',
    base_url: '',
    keys: '[]',
    models: JSON.stringify([SIMULATOR_MODEL]),
  })
}

/** Whoever has another address only speaks like OpenAI. */
const typeOf = ({ provider, baseUrl }: ProviderConfig): ChannelType =>
  provider === 'openai' && baseUrl !== undefined ? 'openai-compatible' : provider

type NewChannel = Pick<ChannelTable, 'id' | 'name' | 'type' | 'base_url' | 'keys' | 'models'>

async function putChannel(
  rooms: FirstStartRooms,
  channel: NewChannel,
  also: readonly Compilable[] = [],
): Promise<void> {
  const { store, now } = rooms
  const { id, name, type, base_url } = channel
  const row: ChannelTable = {
    ...channel,
    groups: '["default"]',
    model_mapping: '{}',
    priority: 0,
    weight: 1,
    free: 0,
    cost_ratio: 1,
    status: 1,
    dialects: '[]',
    headers: '{}',
    timeouts: '{}',
    created_at: Math.floor(now() / 1000),
    deleted_at: null,
  }
  const audited = auditStatement(rooms, US, {
    action: 'channel.create',
    subject: `channel ${id}`,
    after: { name, type, base_url, models: JSON.parse(channel.models) },
  })
  await store.write(
    [store.db.insertInto('channel').values(row), audited, ...also],
    [{ kind: 'channel', subject: String(id) }],
  )
}

async function hasMark(store: Store, name: string): Promise<boolean> {
  const query = store.db.selectFrom('meta').select('name').where('name', '=', name)
  return (await query.executeTakeFirst()) !== undefined
}

function markStatement({ store, now }: FirstStartRooms, name: string): Compilable {
  const value = new Date(now()).toISOString()
  return store.db
    .insertInto('meta')
    .values({ name, value })
    .onConflict((on) => on.column('name').doUpdateSet({ value }))
}
