import { randomBytes } from 'node:crypto'
import OpenAI, { toFile } from 'openai'
import { afterAll, expect, it } from 'vitest'
import { channelTo, startKeeper } from '../objects/keeper.ts'
import { PRICE } from '../tools/calls.ts'
import { newDatabase } from '../tools/database.ts'
import { newAdminToken, startGateway } from '../tools/gateway.ts'

const database = await newDatabase()
const config = { secret: randomBytes(32).toString('hex') }
const shared = { database, adminToken: newAdminToken(), config }
const one = await startGateway(shared)
const other = await startGateway(shared)

afterAll(async () => {
  await other.close()
  await one.close()
  await database.remove()
})

it('what one node hears of a provider another one knows at once, and forgets at once', async () => {
  const keeper = await startKeeper('keeper', ['m'])
  await one.manage('PUT', '/api/price/m', PRICE)
  await channelTo(one, keeper, { models: ['m'] })
  const { key } = await one.createKey({ remain_quota: 100_000_000 })
  const [here, there] = [one, other].map(
    ({ url }) => new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 }),
  ) as [OpenAI, OpenAI]
  const models = async () => (await there.models.list()).data.map(({ id }) => id)
  await expect.poll(models, { timeout: 10_000, interval: 20 }).toContain('m')
  let previous_response_id: string | null = null
  for (let round = 0; round < 10; round++) {
    for (const client of [here, there]) {
      const body: { model: string; input: string; previous_response_id: string | null } = {
        ...{ model: 'm', input: 'a' },
        previous_response_id,
      }
      previous_response_id = (await client.responses.create(body)).id
    }
  }
  for (let round = 0; round < 5; round++) {
    const file = await here.files.create({ file: await toFile(Buffer.from('a')), purpose: 'batch' })
    expect((await there.files.list()).data.map(({ id }) => id)).toEqual([file.id])
    await there.files.delete(file.id)
    await expect(here.files.retrieve(file.id)).rejects.toMatchObject({ code: 'object_not_found' })
  }
})
