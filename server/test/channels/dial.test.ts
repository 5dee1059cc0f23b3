import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDial } from '../../src/channels/dial.ts'
import { startRealtimeProvider } from '../tools/realtime.ts'

const provider = await startRealtimeProvider()
const seen: IncomingMessage[] = []
const proxy = createServer()
proxy.on('connect', (received, socket) => {
  seen.push(received)
  socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
})
let by = ''
beforeAll(async () => {
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  by = `http://ann:pass%20word@127.0.0.1:${(proxy.address() as AddressInfo).port}`
})
afterAll(async () => {
  proxy.close()
  await provider.close()
})

type Parts = Parameters<typeof createDial>[0]
const direct = (privateUpstreams: Parts['privateUpstreams']): Parts => ({
  ...{ privateUpstreams, outwardProxies: undefined },
})

/** What becomes of dialling there. */
async function dialled(parts: Parts, url: string): Promise<string> {
  try {
    const socket = createDial(parts)({ url, headers: ['x-a', '1', 'X-A', '2'], mostBytes: 1_000 })
    return await new Promise((resolve) => {
      socket.on('open', () => {
        socket.terminate()
        resolve('open')
      })
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    })
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code)
  }
}

describe('a WebSocket to a provider', () => {
  it('is judged by the address that is dialled, named or not', async () => {
    const { port } = new URL(provider.url)
    expect(await dialled(direct('allow'), provider.url)).toBe('open')
    expect(provider.sessions.at(-1)?.request.headers['x-a']).toBe('1, 2')
    for (const host of ['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', 'localhost']) {
      expect(await dialled(direct('deny'), `http://${host}:${port}/`), host).toBe(
        'FORBIDDEN_ADDRESS',
      )
    }
    const metadata = ['169.254.169.254', '[fd00:ec2::254]', '[::ffff:169.254.169.254]']
    for (const host of metadata) {
      expect(await dialled(direct('allow'), `http://${host}/`), host).toBe('FORBIDDEN_ADDRESS')
    }
  })

  it('goes through the proxy of the environment, and under the rules where it goes without', async () => {
    const through: Parts = {
      privateUpstreams: 'deny',
      outwardProxies: { http: '', https: by, except: 'localhost' },
    }
    expect(await dialled(through, 'https://models.example/v1/realtime')).not.toBe('open')
    expect([seen[0]?.method, seen[0]?.url]).toEqual(['CONNECT', 'models.example:443'])
    const asked = `Basic ${Buffer.from('ann:pass word').toString('base64')}`
    expect(seen[0]?.headers['proxy-authorization']).toBe(asked)
    expect(await dialled(through, 'https://localhost/')).toBe('FORBIDDEN_ADDRESS')
    expect(await dialled(through, 'http://localhost/')).toBe('FORBIDDEN_ADDRESS')
    expect(seen.length).toBe(1)
  })
})
