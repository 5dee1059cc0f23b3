import { randomBytes } from 'node:crypto'
import { afterAll, expect, it } from 'vitest'
import { makeGroups, makeKey, makeModel } from '../groups/world.ts'
import { asking } from '../tools/calls.ts'
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

/** Contract and design: a change counts at every node within a second. */
const SOON = { timeout: 1_000, interval: 10 }

it('what one node changes of groups counts at the others within a second', async () => {
  await makeGroups(one, { a: 2, b: 3 })
  await makeModel(one, 'm', [{ name: 'x', groups: ['a', 'b'] }])
  await one.manage('PUT', '/api/group/auto', { groups: ['a', 'b'] })
  const { key, accountId } = await makeKey(one, { groups: ['a', 'b', 'auto'] }, { group: 'auto' })
  const cost = async () => {
    const { status, headers } = await other.call(asking('m', { max_tokens: 10 }), key)
    return status === 200 ? Number(headers.get('x-turnpike-cost')) : status
  }
  await expect.poll(cost, SOON).toBe(60)
  await one.manage('PUT', '/api/group/a', { ratio: '0.1' })
  await expect.poll(cost, SOON).toBe(3)
  await one.manage('PUT', '/api/group/auto', { groups: ['b', 'a'] })
  await expect.poll(cost, SOON).toBe(90)
  await one.manage('PUT', '/api/group/b', { ratios: { default: 1 } })
  await expect.poll(cost, SOON).toBe(30)
  await one.manage('PUT', `/api/user/${accountId}`, { groups: ['a', 'b'] })
  await expect.poll(cost, SOON).toBe(403)
})

it('a group that one node deletes is never named by what another one writes at that moment', async () => {
  for (let round = 0; round < 10; round++) {
    await one.manage('POST', '/api/group/', { name: 'contested' })
    const username = `contestant-${round}`
    const [deleted, made] = await Promise.all([
      one.api('DELETE', '/api/group/contested'),
      other.api('POST', '/api/user/', { username, groups: ['contested'] }),
    ])
    expect([deleted.json.success, made.json.success].sort()).toEqual([false, true])
    if (made.json.success) {
      expect(deleted.json.message).toContain(`1 account ("${username}")`)
      await one.manage('DELETE', `/api/user/${made.json.data.id}`)
      await one.manage('DELETE', '/api/group/contested')
    } else expect(made.json.code).toBe('invalid_field')
  }
})
