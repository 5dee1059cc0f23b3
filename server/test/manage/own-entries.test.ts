import { expect, it } from 'vitest'
import { newCaller } from '../token/callers.ts'
import { sharedGateway } from '../tools/gateway.ts'

const gateway = await sharedGateway()

async function member(quota: number) {
  const { accountId, api } = await newCaller(gateway, { account: { quota } })
  const entries = async (query = '') =>
    (await api('GET', `/api/user/self/entries${query}`)).json.data
  return { id: accountId, api, entries }
}

it('what changed the own balance is listed, newest first, a page at a time', async () => {
  const { id, api, entries } = await member(1000)
  await gateway.manage('POST', `/api/user/${id}/quota`, { delta: -100, reason: 'a secret reason' })
  await gateway.manage('PUT', `/api/user/${id}`, { quota: 5000 })
  const [code] = await gateway.manage('POST', '/api/redemption/', { name: 'x', quota: 7, count: 1 })
  await api('POST', '/api/user/topup', { key: gateway.secret(code) })

  const all = await entries()
  expect(all).toMatchObject({ page: 1, page_size: 20, total: 4 })
  expect(all.items).toMatchObject([
    { kind: 'redeem', delta: 7 },
    { kind: 'set', delta: 4100 },
    { kind: 'adjust', delta: -100 },
    { kind: 'grant', delta: 1000 },
  ])
  expect(Object.keys(all.items[2]).sort()).toEqual(['created_time', 'delta', 'id', 'kind'])
  expect(all.items[0].created_time).toBeGreaterThan(Date.now() / 1000 - 60)
  const second = await entries('?p=2&page_size=3')
  expect(second).toMatchObject({ page: 2, page_size: 3, total: 4, items: [{ kind: 'grant' }] })
})

it('a refund names its request', async () => {
  const { id, entries } = await member(1000)
  const store = await gateway.database.open()
  const entity = id * 4 + 1
  await store.write([
    store.db.insertInto('entry').values({
      ...{ entity, delta: 30, kind: 'refund', reason: 'request 0a1b', actor: 'gateway' },
      ...{ idempotency: null, created_at: 1_800_000_000 },
    }),
    store.db
      .updateTable('balance')
      .set((row) => ({ remain: row('remain', '+', 30) }))
      .where('entity', '=', entity),
  ])
  await store.close()
  const { items } = await entries()
  expect(items[0]).toMatchObject({ kind: 'refund', delta: 30, request_id: '0a1b' })
})

it("nobody sees another account's", async () => {
  await member(1234)
  const { entries } = await member(0)
  expect(await entries()).toMatchObject({ total: 0, items: [] })
})
