import { afterAll, expect, it } from 'vitest'
import { newDatabase } from '../tools/database.ts'
import { newAdminToken, startGateway } from '../tools/gateway.ts'

const database = await newDatabase()
const adminToken = newAdminToken()
const here = await startGateway({ database, adminToken })
const there = await startGateway({ database, adminToken })
const model = await here.offer('shared-model')
const asking = { model, messages: [{ role: 'user', content: 'Hello' }] }

afterAll(async () => {
  await here.close()
  await there.close()
  await database.remove()
})

/** A change made here is followed there within the second that is promised. */
const soon = { timeout: 1_000, interval: 20 }
/** `undefined` when the key works. */
const refusalThere = async (key: string) =>
  (await there.call(asking, key)).json.error?.code as string | undefined

it('a key that is made at one node works at the other, also where it was unknown', async () => {
  const { key } = await here.createKey()
  await expect.poll(() => refusalThere(key), soon).toBeUndefined()
})

it.each([
  ['deleted', async (id: number) => here.manage('DELETE', `/api/token/${id}`), 'key_unknown'],
  [
    'disabled',
    async (id: number) => here.manage('PUT', '/api/token/', { id, status: 2 }),
    'key_disabled',
  ],
  [
    'rotated',
    async (id: number) => here.manage('POST', `/api/token/${id}/rotate`, {}),
    'key_unknown',
  ],
] as const)('a key that is %s at one node is refused at the other', async (_, end, code) => {
  const { id, key } = await here.createKey()
  await expect.poll(() => refusalThere(key), soon).toBeUndefined()
  const done = await end(id)
  if (done?.key !== undefined) here.secret(done.key)
  await expect.poll(() => refusalThere(key), soon).toBe(code)
})

it('settings, prices and channels are the same everywhere', async () => {
  await here.manage('PUT', '/api/setting/', { 'metrics.public': false })
  const metrics = () => fetch(`${there.url}/metrics`).then(({ status }) => status)
  await expect.poll(metrics, soon).not.toBe(200)
  await here.manage('PUT', '/api/setting/', { 'metrics.public': true })
  await expect.poll(metrics, soon).toBe(200)

  const { key } = await here.createKey()
  const later = await here.offer('later-model')
  const status = async () => (await there.call({ ...asking, model: later }, key)).status
  await expect.poll(status, soon).toBe(200)
})

it('a personal access token that is deleted at one node opens nothing at the other', async () => {
  const made = await here.manage('POST', '/api/user/self/access_tokens', { name: 'shared' })
  const headers = { authorization: here.secret(made.token) }
  const self = async () => (await there.api('GET', '/api/user/self', undefined, headers)).status
  await expect.poll(self, soon).toBe(200)
  await here.manage('DELETE', `/api/user/self/access_tokens/${made.id}`)
  await expect.poll(self, soon).toBe(401)
})

it('after changes were missed for good, everything is read anew', async () => {
  const { id, key } = await here.createKey()
  await expect.poll(() => refusalThere(key), soon).toBeUndefined()
  // As if the change had been swept away before the node looked.
  await database.tamper(
    `update key set status = 2 where id = ${id};
     insert into setting (name, value, updated_at) values ('ledger.wait_ms', '7', 0);
     update change_counter set seq = seq + 3`,
  )
  await expect.poll(() => refusalThere(key), soon).toBe('key_disabled')
  const settings = () => there.manage('GET', '/api/setting/')
  const isRead = expect.objectContaining({ name: 'ledger.wait_ms', value: 7 })
  await expect.poll(settings, soon).toContainEqual(isRead)
})
