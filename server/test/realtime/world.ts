import { afterAll, beforeEach } from 'vitest'
import type { TestGateway } from '../tools/gateway.ts'
import { speaks, startRealtimeProvider, talk } from '../tools/realtime.ts'

/** 1 unit a token of input, 4 of output; sound 10 and 40, cached input a tenth. */
const PRICE = {
  ...{ input: '2', output: '8', cache_read: '0.2', input_audio: '20', output_audio: '80' },
}
/** What a response costs that reports `USAGE`. */
export const COST = 30 + 10 * 0.1 + 40 * 10 + 20 * 0.1 + 20 * 4 + 30 * 40
/** What is held for a response, at the price of its dearest tokens, when nothing was said yet. */
export const HELD = 1_024 * 40

/** A provider of realtime sessions behind a gateway, and what tests ask of both. */
export async function realtimeWorld(gateway: TestGateway) {
  const provider = await startRealtimeProvider()
  afterAll(() => provider.close())
  beforeEach(() => {
    provider.script = speaks()
    provider.refuses = () => false
  })
  let models = 0
  const { url } = gateway
  const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } })
  return {
    provider,
    url,
    bearer,
    /** The name of the next model that is offered. */
    nextModel: () => `speaker-${models + 1}`,
    async offer(channel: object = {}, price: object = PRICE) {
      const model = `speaker-${++models}`
      await gateway.manage('PUT', `/api/price/${model}`, price)
      await gateway.createChannel({ models: [model], base_url: `${provider.url}/v1`, ...channel })
      return model
    },
    session: (model: string, key: string, more = '') =>
      talk({ url, path: `/v1/realtime?model=${model}${more}`, options: bearer(key) }),
    /** The session that the provider got last. */
    last() {
      const found = provider.sessions.at(-1)
      if (found === undefined) throw new Error('nobody called')
      return found
    },
    records: async (key: { readonly id: number }) =>
      (await gateway.manage('GET', `/api/log/?token_id=${key.id}`)).items,
  }
}
