import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createUpstreamDispatcher } from '../../src/channels/dispatcher.ts'
import { startUpstream } from '../tools/upstream.ts'

const upstream = await startUpstream()
const seen: IncomingMessage[] = []
/** A proxy that takes whatever it is sent to the scripted provider. */
const proxy = createServer((received, response) => {
  seen.push(received)
  response.end('by proxy')
})
proxy.on('connect', (received, socket, head) => {
  seen.push(received)
  const way = connect(Number(new URL(upstream.url).port), '127.0.0.1', () => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    way.write(head)
    way.pipe(socket).pipe(way)
  })
  for (const end of [way, socket]) end.on('error', () => way.destroy())
})
let url = ''
beforeAll(async () => {
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  url = `http://ann:pass%20word@127.0.0.1:${(proxy.address() as AddressInfo).port}`
})
afterAll(async () => {
  proxy.closeAllConnections()
  proxy.close()
  await upstream.close()
})

async function get(target: string, proxies: { http?: string; https?: string; except?: string }) {
  seen.length = 0
  const dispatcher = createUpstreamDispatcher({
    privateUpstreams: 'deny',
    outwardProxies: { http: '', https: '', except: '', ...proxies },
  })
  try {
    return await (await request(target, { dispatcher })).body.text()
  } catch (error) {
    return (error as NodeJS.ErrnoException).code
  } finally {
    await dispatcher.destroy()
  }
}

describe('the way to providers', () => {
  it('goes through a proxy, which may be on a network that providers may not be on', async () => {
    expect(await get('http://models.example/v1/models', { http: url })).toBe('by proxy')
    expect([seen[0]?.url, seen[0]?.headers['proxy-authorization']]).toEqual([
      'http://models.example/v1/models',
      `Basic ${Buffer.from('ann:pass word').toString('base64')}`,
    ])
  })

  it('asks a proxy for a tunnel to https, in which it sees nothing', async () => {
    // The scripted provider speaks no TLS: the greeting that arrives there is answered as what it is, a broken request.
    expect(await get('https://models.example/v1/models', { https: url })).not.toBe('by proxy')
    expect([seen[0]?.method, seen[0]?.url]).toEqual(['CONNECT', 'models.example:443'])
  })

  it('is a direct one, under the address rules, where no proxy is named or needed', async () => {
    const target = `${upstream.url}/v1/models`
    expect(await get(target, { https: url })).toBe('FORBIDDEN_ADDRESS')
    expect(await get(target, { http: url, except: '10.0.0.1, 127.0.0.1' })).toBe(
      'FORBIDDEN_ADDRESS',
    )
    expect(await get(target, { http: url, except: '*' })).toBe('FORBIDDEN_ADDRESS')
    expect(seen).toEqual([])
  })
})
