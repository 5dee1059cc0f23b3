import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, LookupFunction } from 'node:net'
import { Agent, request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createAddressRules,
  createUpstreamConnector,
  ForbiddenAddress,
  type PrivateUpstreams,
} from '../../src/channels/address-rules.ts'

const NEVER = [
  '169.254.169.254',
  '::ffff:169.254.169.254',
  '::ffff:a9fe:a9fe',
  '64:ff9b::169.254.169.254',
  '64:ff9b:1::169.254.169.254',
  '::169.254.169.254',
  '::a9fe:a9fe',
  '::ffff:0:169.254.169.254',
  '2002:a9fe:a9fe::1',
  'fe80::1',
  'fd00:ec2::254',
  'fd20:ce::254',
  '100.100.100.200',
  '168.63.129.16',
  '255.255.255.255',
  '224.0.0.1',
  'ff02::1',
]
const PRIVATE = [
  '127.0.0.1',
  '::1',
  '::ffff:127.0.0.1',
  '0.0.0.0',
  '::',
  '10.1.2.3',
  '172.31.255.255',
  '192.168.1.1',
  '100.64.0.1',
  'fd12:3456::1',
  'fec0::1',
  '64:ff9b::10.0.0.1',
  '64:ff9b:1:8000::1',
  '::127.0.0.1',
  '::ffff:0:10.0.0.1',
  '2002:a00:1::1',
]
const PUBLIC = ['1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '64:ff9b::1.1.1.1']

describe('where channels may connect to', () => {
  it.each(['allow', 'deny'] as const)('never link-local or metadata (private: %s)', (rule) => {
    const mayConnect = createAddressRules(rule)
    expect(NEVER.filter(mayConnect)).toEqual([])
  })

  it('private networks unless denied', () => {
    expect(PRIVATE.filter(createAddressRules('allow'))).toEqual(PRIVATE)
    expect(PRIVATE.filter(createAddressRules('deny'))).toEqual([])
  })

  it('everywhere else, and never to what is no address', () => {
    expect(PUBLIC.filter(createAddressRules('deny'))).toEqual(PUBLIC)
    expect(createAddressRules('allow')('example.com')).toBe(false)
  })
})

describe('a connection', () => {
  const server = createServer((_request, response) => response.end('reached'))
  let port = 0
  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  })
  afterAll(() => server.close())

  /** What a GET finds under the rules, with a resolver that answers as told. */
  async function get(host: string, rule: PrivateUpstreams, addresses: readonly string[] = []) {
    const lookup: LookupFunction = (_name, options, callback) => {
      const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
      if (options.all) callback(null, found)
      else callback(null, found[0]?.address ?? '', found[0]?.family)
    }
    const agent = new Agent({ connect: createUpstreamConnector(rule, lookup) })
    try {
      const answer = await request(`http://${host}:${port}/`, { dispatcher: agent })
      return await answer.body.text()
    } catch (error) {
      if (error instanceof ForbiddenAddress) return 'forbidden'
      throw error
    } finally {
      await agent.destroy()
    }
  }

  it('is judged by the address behind the name', async () => {
    expect(await get('models.example', 'allow', ['127.0.0.1'])).toBe('reached')
    expect(await get('models.example', 'deny', ['127.0.0.1'])).toBe('forbidden')
    expect(await get('models.example', 'allow', ['169.254.169.254'])).toBe('forbidden')
  })

  it('goes to the allowed ones among several addresses', async () => {
    expect(await get('models.example', 'allow', ['169.254.169.254', '127.0.0.1'])).toBe('reached')
  })

  it('is judged without a look-up when the URL holds an address', async () => {
    expect(await get('127.0.0.1', 'allow')).toBe('reached')
    expect(await get('127.0.0.1', 'deny')).toBe('forbidden')
    expect(await get('[::ffff:127.0.0.1]', 'deny')).toBe('forbidden')
    expect(await get('[::1]', 'deny')).toBe('forbidden')
    expect(await get('2130706433', 'deny')).toBe('forbidden')
  })
})
