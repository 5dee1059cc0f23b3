import type { Answered, TestGateway } from '../../../server/test/tools/gateway.ts'

/** An account and a token of it. */
export interface TestAccount {
  readonly username: string
  readonly token: string
  readonly id: number
  /** A management call of this account that succeeds; resolves with `data`. */
  manage(method: string, path: string, body?: unknown): Promise<Answered['json']>
}

export const PASSWORD = 'correct horse battery'
const OF_TESTS = { username: 'ada', password: PASSWORD, role: 'user', quota: 50_000_000 }

/** What differs from an account of tests; `scopes` are those of its token. */
interface AccountFields {
  readonly scopes?: readonly string[]
  readonly [field: string]: unknown
}

/** Makes an account, so that no test sees what another one's account has. */
export async function newAccount(
  gateway: TestGateway,
  { scopes, ...fields }: AccountFields = {},
): Promise<TestAccount> {
  const username = `${OF_TESTS.username}${Math.random().toString(36).slice(2, 8)}`
  const user = await gateway.manage('POST', '/api/user/', { ...OF_TESTS, username, ...fields })
  const path = `/api/user/${user.id}/access_tokens`
  const { token } = await gateway.manage('POST', path, { name: 'console', scopes })
  gateway.secret(token)
  return {
    username: user.username,
    id: user.id,
    token,
    async manage(method, path, body) {
      const headers = { authorization: token, prefer: 'return=representation' }
      const answered = await gateway.api(method, path, body, headers)
      if (answered.json?.success !== true) throw new Error(`${method} ${path}: ${answered.text}`)
      return answered.json.data
    },
  }
}
