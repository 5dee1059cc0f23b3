import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { isIP } from 'node:net'
import { WebSocket } from 'ws'
import { createAddressRules, ForbiddenAddress, guardedLookup } from './address-rules.ts'
import type { DispatcherParts } from './dispatcher.ts'

/** A WebSocket that is to be opened. */
export interface Dialled {
  /** Begins with `http` or `https`, as base URLs do. */
  readonly url: string
  /** Names and values in turn. Not those that open the WebSocket. */
  readonly headers: readonly string[]
  /** A longer message ends the connection. */
  readonly mostBytes: number
}

/**
 * Begins to open a WebSocket to a provider, under the same address rules as requests. Whoever asked listens for `open`,
 * `unexpected-response` and `error`, and keeps the deadline.
 * @throws ForbiddenAddress where the host is an address that may not be dialled.
 */
export type Dial = (to: Dialled) => WebSocket

/**
 * Requests go through undici; its WebSocket tells neither what was answered instead nor when to pause, so these go through
 * Node's agents. What goes through a proxy is judged by the proxy, as there; but a host that is an address is judged here.
 */
export function createDial({ privateUpstreams, outwardProxies }: DispatcherParts): Dial {
  const mayConnect = createAddressRules(privateUpstreams)
  const proxyEnv = outwardProxies && {
    HTTP_PROXY: outwardProxies.http,
    HTTPS_PROXY: outwardProxies.https,
    NO_PROXY: outwardProxies.except,
  }
  const options = { lookup: guardedLookup(mayConnect), ...(proxyEnv && { proxyEnv }) }
  const plain = new HttpAgent(options)
  const encrypted = new HttpsAgent(options)
  return ({ url, headers, mostBytes }) => {
    const { protocol, hostname } = new URL(url)
    const host = hostname.replace(/^\[|\]$/g, '')
    if (isIP(host) !== 0 && !mayConnect(host)) {
      throw new ForbiddenAddress(`requests to ${host} are not allowed`)
    }
    return new WebSocket(url, {
      agent: protocol === 'https:' ? encrypted : plain,
      headers: byName(headers),
      maxPayload: mostBytes,
      // What is packed small may be large; sound does not get smaller.
      perMessageDeflate: false,
      autoPong: false,
    })
  }
}

function byName(headers: readonly string[]): Record<string, string | string[]> {
  const named: Record<string, string | string[]> = {}
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = (headers[at] as string).toLowerCase()
    const value = headers[at + 1] as string
    const known = named[name]
    named[name] = known === undefined ? value : [known, value].flat()
  }
  return named
}
