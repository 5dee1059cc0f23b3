import { expect } from 'vitest'
import type { Answered, TestGateway } from '../tools/gateway.ts'

/** An account of its own, asking with a personal access token. */
export interface OtherCaller {
  readonly accountId: number
  api(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answered>
  create(fields?: object): Promise<{ id: number; key: string }>
  /** Ids of the keys that a search by value finds. */
  search(token: string): Promise<number[]>
}

interface Wanted {
  readonly scopes?: readonly string[]
  /** Fields of the account. */
  readonly account?: object
}

let accounts = 0

/** Makes an account with plenty of quota and a token for it; both are as wide as `wanted` says. */
export async function newCaller(gateway: TestGateway, wanted: Wanted = {}): Promise<OtherCaller> {
  const account = await gateway.manage('POST', '/api/user/', {
    username: `caller-${++accounts}`,
    quota: 1_000_000,
    ...wanted.account,
  })
  const { token } = await gateway.manage('POST', `/api/user/${account.id}/access_tokens`, {
    name: 'test',
    ...(wanted.scopes && { scopes: wanted.scopes }),
  })
  gateway.secret(token)
  const api: OtherCaller['api'] = (method, path, body, headers) =>
    gateway.api(method, path, body, { ...headers, authorization: token })
  return {
    accountId: account.id,
    api,
    async create(fields = {}) {
      const sent = { name: 'of another', remain_quota: 1_000, ...fields }
      const answered = await api('POST', '/api/token/', sent, { prefer: 'return=representation' })
      expect(answered.json.success).toBe(true)
      gateway.secret(answered.json.data.key)
      return answered.json.data
    },
    async search(token) {
      const { json } = await api('GET', `/api/token/search?token=${token}`)
      return json.data.items.map(({ id }: { id: number }) => id)
    },
  }
}
