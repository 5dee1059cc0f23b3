import { expect, it } from 'vitest'
import { sharedGateway } from '../tools/gateway.ts'
import { startReceiver } from './receiver.ts'

const gateway = await sharedGateway({ config: { privateUpstreams: 'deny' } })

it('a name that resolves to a private address is not connected to where those are denied', async () => {
  const receiver = await startReceiver()
  const url = receiver.url.replace('127.0.0.1', 'localhost')
  const made = await gateway.manage('POST', '/api/webhook/', { name: 'inside', url })
  gateway.secret(made.secret)
  expect(await gateway.manage('POST', `/api/webhook/${made.id}/test`, {})).toMatchObject({
    ok: false,
    status: 0,
    message: 'requests to the address of the receiver are not allowed',
  })
  expect(receiver.got).toEqual([])
  const literal = await gateway.api('POST', '/api/webhook/', { name: 'x', url: receiver.url })
  expect(literal.json.message).toContain('requests to 127.0.0.1 are not allowed')
})
