import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici'
import { createUpstreamConnector, type PrivateUpstreams } from './address-rules.ts'

/** URLs of proxies, which may hold a password; `''`: none. `except` lists the hosts that are reached without. */
export interface OutwardProxies {
  readonly http: string
  readonly https: string
  readonly except: string
}

export interface DispatcherParts {
  readonly privateUpstreams: PrivateUpstreams
  readonly outwardProxies: OutwardProxies | undefined
}

/**
 * Carries every request to providers. Direct connections are judged by the address that is dialled; what goes through a
 * proxy is dialled, and judged, by the proxy, which may itself be anywhere.
 */
export function createUpstreamDispatcher(parts: DispatcherParts): Dispatcher {
  const connect = createUpstreamConnector(parts.privateUpstreams)
  const { outwardProxies } = parts
  if (outwardProxies === undefined) return new Agent({ connect })
  const { http: httpProxy, https: httpsProxy, except: noProxy } = outwardProxies
  // The environment has one reader, which is not undici: whatever is left out here it would look for there.
  return new EnvHttpProxyAgent({ connect, httpProxy, httpsProxy, noProxy })
}
