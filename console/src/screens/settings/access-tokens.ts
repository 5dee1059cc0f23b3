import { api, unwrap } from '../../api/client.ts'
import { PAGE_SIZE } from '../../ui/use-pages.ts'

/** Begins the key of every list of them. */
export const ACCESS_TOKENS = 'access_tokens'
const PATH = '/api/user/self/access_tokens'

export const fetchAccessTokens = (page: number, signal: AbortSignal) =>
  unwrap(api.GET(PATH, { params: { query: { p: page, page_size: PAGE_SIZE } }, signal }))

export type AccessToken = Awaited<ReturnType<typeof fetchAccessTokens>>['items'][number]
export type Scope = NonNullable<AccessToken['scopes']>[number]

/** In the order of the form; `admin` is offered to administrators. */
export const SCOPES: readonly Scope[] = [
  'keys:read',
  'keys:write',
  'keys:reveal',
  'usage:read',
  'account:write',
  'admin',
]

interface NewAccessToken {
  readonly name: string
  readonly scopes: Scope[]
  /** Unix seconds; left out: never. */
  readonly expires_at?: number
}

/** Resolves with the token, which is told this once. */
export const createAccessToken = (body: NewAccessToken) => unwrap(api.POST(PATH, { body }))

export const deleteAccessToken = ({ id }: AccessToken) =>
  unwrap(api.DELETE(`${PATH}/{id}`, { params: { path: { id } } }))
