import { randomBytes } from 'node:crypto'
import { afterAll, expect, it } from 'vitest'
import { newDatabase } from '../tools/database.ts'
import { newAdminToken, startGateway } from '../tools/gateway.ts'

const database = await newDatabase()
const config = { secret: randomBytes(32).toString('hex') }
const shared = { database, adminToken: newAdminToken(), config }
const one = await startGateway(shared)
const other = await startGateway(shared)

afterAll(async () => {
  await one.manage('POST', '/api/price/catalogue', { providers: null })
  await other.close()
  await one.close()
  await database.remove()
})

/** Contract and design: a change counts at every node within a second. */
const SOON = { timeout: 1_000, interval: 10 }

const listed = (input: number) => ({
  providers: [
    {
      ...{ id: 'acme', name: 'Acme', api_pattern: 'acme', model_match: { starts_with: 'acme-' } },
      models: [{ id: 'acme-1', match: { equals: 'acme-1' }, prices: { input_mtok: input } }],
    },
  ],
})

it('a new catalogue counts at every node within a second, and at those that start later', async () => {
  // What a node remembers of a model stays until it hears of the change.
  const inputAt = async (gateway: typeof one) =>
    (await gateway.api('GET', '/api/price/acme-1')).json.data?.input
  expect(await inputAt(other)).toBeUndefined()
  await one.manage('POST', '/api/price/catalogue', listed(2))
  expect(await inputAt(one)).toBe('2')
  await expect.poll(() => inputAt(other), SOON).toBe('2')
  await other.manage('POST', '/api/price/catalogue', listed(3))
  await expect.poll(() => inputAt(one), SOON).toBe('3')
  const later = await startGateway(shared)
  expect(await inputAt(later)).toBe('3')
  await later.close()
  await one.manage('POST', '/api/price/catalogue', { providers: null })
  await expect.poll(() => inputAt(other), SOON).toBeUndefined()
})
