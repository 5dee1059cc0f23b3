import { LONGEST_TOKEN_NAME } from '../accounts/access-token-shape.ts'
import { createAccessTokens } from '../accounts/access-tokens.ts'
import { ACCESS_SCOPES, type AccessScope } from '../accounts/caller.ts'
import { auditStatement, theProgram } from '../manage/audit/record.ts'
import { databaseUrlOf, hinting, type LentStore, withOwnStore, withPostgres } from './own-store.ts'
import type { Typed } from './run.ts'
import { type RunningGateway, runningGateway } from './running-gateway.ts'
import { StartError } from './start-error.ts'
import { DONE, type Terminal } from './terminal.ts'

/** What a token should be, as typed. */
interface Wanted {
  readonly account: string | undefined
  readonly name: string
  readonly scopes: readonly AccessScope[] | null
  readonly expiresAt: number | null
}

const STANDARD_ACCOUNT = 'admin'
const DAY_SECONDS = 86_400

/** Makes a personal access token and prints it: through a running gateway, or in the data folder when none runs. */
export async function createToken(terminal: Terminal, { options }: Typed): Promise<number> {
  const wanted: Wanted = {
    account: options.account,
    name: parseName(options.name ?? 'command line'),
    scopes: parseScopes(options.scopes),
    expiresAt: parseExpiry(options.expires, Date.now()),
  }
  const gateway = runningGateway(terminal)
  const token =
    gateway === undefined
      ? await createInDatabase(terminal, wanted, options.data)
      : await createThrough(gateway, wanted)
  terminal.say(token)
  return DONE
}

async function createThrough(gateway: RunningGateway, wanted: Wanted): Promise<string> {
  const body = {
    name: wanted.name,
    ...(wanted.scopes === null ? {} : { scopes: wanted.scopes }),
    ...(wanted.expiresAt === null ? {} : { expires_at: wanted.expiresAt }),
  }
  const owner =
    wanted.account === undefined ? 'self' : await accountThrough(gateway, wanted.account)
  const { token } = await gateway.ask('POST', `/api/user/${owner}/access_tokens`, body)
  return token
}

async function accountThrough(gateway: RunningGateway, username: string): Promise<number> {
  for (let page = 1; ; page += 1) {
    const { items } = await gateway.ask('GET', `/api/user/?p=${page}&page_size=100`)
    for (const item of items) if (item.username === username) return item.id
    if (items.length === 0) throw new StartError(`There is no account "${username}".`)
  }
}

function createInDatabase(
  terminal: Terminal,
  wanted: Wanted,
  folder: string | undefined,
): Promise<string> {
  const url = databaseUrlOf(terminal, folder)
  if (url !== undefined) return withPostgres(url, create)
  return hinting(withOwnStore(terminal, folder, create), 'makes the token')

  async function create({ store, outside }: LentStore): Promise<string> {
    const username = wanted.account ?? STANDARD_ACCOUNT
    const account = await store.db
      .selectFrom('account')
      .select('id')
      .where('username', '=', username)
      .where('deleted_at', 'is', null)
      .executeTakeFirst()
    if (account === undefined) throw new StartError(`There is no account "${username}".`)
    const accessTokens = createAccessTokens({ store, ...outside })
    const { name, scopes, expiresAt } = wanted
    const { token } = await accessTokens.create(
      { accountId: account.id, name, scopes, expiresAt },
      (id) => [
        auditStatement({ store, now: outside.now }, theProgram('command line'), {
          action: 'access_token.create',
          subject: `access token ${id}`,
          after: { account_id: account.id, name, scopes, expires_at: expiresAt },
        }),
      ],
    )
    await accessTokens.close()
    return token
  }
}

function parseName(name: string): string {
  if (name !== '' && [...name].length <= LONGEST_TOKEN_NAME) return name
  throw new StartError(`--name takes 1 to ${LONGEST_TOKEN_NAME} characters.`)
}

/** `null` = none were named, which means everything the account may, except administration. */
function parseScopes(text: string | undefined): readonly AccessScope[] | null {
  if (text === undefined) return null
  return text.split(',').map((typed) => {
    const scope = ACCESS_SCOPES.find((known) => known === typed.trim())
    if (scope !== undefined) return scope
    throw new StartError(
      `"${typed.trim()}" is not a scope. The scopes are ${ACCESS_SCOPES.join(', ')}.`,
    )
  })
}

/** `30d`, or a date such as `2030-01-31` (its end in UTC) or `2030-01-31T12:00:00Z`; `null` = never. */
export function parseExpiry(text: string | undefined, nowMs: number): number | null {
  if (text === undefined || text === 'never') return null
  const days = /^([1-9]\d{0,4})d$/.exec(text)?.[1]
  if (days !== undefined) return Math.floor(nowMs / 1000) + Number(days) * DAY_SECONDS
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text)
  const at = Date.parse(isDay ? `${text}T23:59:59Z` : text)
  if (Number.isNaN(at) || at <= nowMs) {
    throw new StartError(
      '--expires takes a number of days such as 30d, or a date to come such as 2030-01-31.',
    )
  }
  return Math.floor(at / 1000)
}
