import { describe, expect, it } from 'vitest'
import { makeGroups, makeModel } from '../groups/world.ts'
import { newCaller } from '../token/callers.ts'
import { PRICE } from '../tools/calls.ts'
import { sharedGateway } from '../tools/gateway.ts'

const gateway = await sharedGateway()
/** A first start has one. */
const simulator = { id: 'turnpike-simulator', provider: 'turnpike' }
await makeGroups(gateway, { fast: { ratio: '1.5', ratios: { default: '0.5' } }, secret: 1 })
const tiers = [{ above: 1000, input: '4' }]
await makeModel(gateway, 'both', [{ name: 'a', groups: ['default', 'fast'] }])
await gateway.manage('PUT', '/api/price/both', { ...PRICE, cache_read: '0.2', tiers })
await makeModel(gateway, 'hidden', [{ name: 'b', groups: ['secret'] }])
const unpriced = { models: ['unpriced-free'], groups: ['default'] }
await gateway.createChannel({ ...unpriced, name: 'c', free: true })
await gateway.createChannel({ ...unpriced, name: 'd', models: ['unpriced-dear'] })

async function modelsOf(account: object) {
  const caller = await newCaller(gateway, { account })
  return (await caller.api('GET', '/api/user/self/models')).json.data
}

describe("an account's models", () => {
  it('are those that its groups serve, each with its ratio there', async () => {
    const [both, ...others] = await modelsOf({ groups: ['fast', 'auto'] })
    expect(both).toEqual({
      ...{ id: 'both', provider: '', context_window: null, max_output: null },
      price: { ...PRICE, cache_read: '0.2', tiers },
      groups: [
        { name: 'default', ratio: 1 },
        { name: 'fast', ratio: 0.5 },
      ],
    })
    expect(others).toMatchObject([simulator, { id: 'unpriced-free', price: null }])
  })

  it('have neither groups nor models that it may not use', async () => {
    const [both, ...others] = await modelsOf({})
    expect(both.groups).toEqual([{ name: 'default', ratio: 1 }])
    expect(others).toMatchObject([simulator, { id: 'unpriced-free' }])
    expect(await modelsOf({ group: 'secret' })).toMatchObject([{ id: 'hidden' }])
  })

  it('come with what the catalogue knows of them', async () => {
    await gateway.createChannel({ name: 'e', models: ['gpt-4o'], groups: ['secret'] })
    const [known] = await modelsOf({ group: 'secret' })
    expect(known).toMatchObject({ id: 'gpt-4o', provider: 'openai', context_window: 128_000 })
    expect(Number(known.price.input)).toBeGreaterThan(0)
    expect(known.max_output).toBeGreaterThan(1000)
  })
})
