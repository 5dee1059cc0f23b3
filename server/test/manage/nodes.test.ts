import { expect, it } from 'vitest'
import { onPostgres } from '../tools/database.ts'
import { sharedGateway } from '../tools/gateway.ts'

const gateway = await sharedGateway()

it('shows the nodes and what each holds', async () => {
  const { key } = await gateway.createKey({ remain_quota: 1_000_000 })
  const model = await gateway.offer('a-model')
  await gateway.call({ model, messages: [{ role: 'user', content: 'Hello' }] }, key)
  const nodes = await gateway.manage('GET', '/api/node/')
  expect(nodes).toMatchObject([
    { self: true, version: expect.any(String), started_at: expect.any(Number) },
  ])
  const [node] = nodes
  if (onPostgres) expect([node.holds, node.settles]).toEqual([2, 1])
  else expect([node.holds, node.units]).toEqual([0, 0])
})
