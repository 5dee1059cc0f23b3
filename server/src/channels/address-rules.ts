import { type LookupAddress, lookup as systemLookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { buildConnector } from 'undici'

/** Whether channels may point to loopback and private networks (contract 4). */
export type PrivateUpstreams = 'allow' | 'deny'

/** A channel's host is, or resolves to, an address that requests must not go to. */
export class ForbiddenAddress extends Error {
  override readonly name = 'ForbiddenAddress'
  readonly code = 'FORBIDDEN_ADDRESS'
}

/**
 * Never a provider: link-local (where clouds keep the machine's own credentials), the metadata addresses outside it
 * (Alibaba, Azure, Oracle, AWS and Google over IPv6), multicast and broadcast.
 */
const NEVER = [
  '169.254.0.0/16',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.192/32',
  '224.0.0.0/4',
  '240.0.0.0/4',
  'fe80::/10',
  'ff00::/8',
  'fd00:ec2::254/128',
  'fd20:ce::254/128',
]

/** Loopback, private and carrier networks, and what an unspecified address falls back to. */
const PRIVATE = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '::/128',
  '::1/128',
  'fc00::/7',
  'fec0::/10',
  // Translators of one's own network (RFC 8215); what is in the last 32 bits is judged below.
  '64:ff9b:1::/48',
]

/** What may stand before an IPv4 address in IPv6: NAT64 of the world and of one's own, compatible, translated (SIIT). */
const CARRIERS = ['64:ff9b::', '64:ff9b:1::', '::', '::ffff:0:']

/** Answers whether a connection to this address may be made. */
export function createAddressRules(privateUpstreams: PrivateUpstreams): (ip: string) => boolean {
  const forbidden = blockList(privateUpstreams === 'deny' ? [...NEVER, ...PRIVATE] : NEVER)
  return (ip) => {
    const version = isIP(ip)
    return version !== 0 && !forbidden.check(ip, version === 4 ? 'ipv4' : 'ipv6')
  }
}

function blockList(subnets: readonly string[]): BlockList {
  const list = new BlockList()
  for (const subnet of subnets) {
    const [address = '', prefix = ''] = subnet.split('/')
    if (isIP(address) === 6) {
      list.addSubnet(address, Number(prefix), 'ipv6')
      continue
    }
    list.addSubnet(address, Number(prefix), 'ipv4')
    // IPv4 inside IPv6: NAT64 and 6to4 gateways would carry it on; the mapped form is known to BlockList itself.
    for (const carrier of CARRIERS) {
      list.addSubnet(`${carrier}${address}`, 96 + Number(prefix), 'ipv6')
    }
    list.addSubnet(`2002:${hexPairs(address)}::`, 16 + Number(prefix), 'ipv6')
  }
  return list
}

function hexPairs(ipv4: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4.split('.').map(Number)
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
}

/**
 * Connects to upstreams under the rules. They are judged on the address that is dialled, in the same look-up that
 * dials it: a name that resolved to a good address a moment ago may resolve to another one now (DNS rebinding).
 */
export function createUpstreamConnector(
  privateUpstreams: PrivateUpstreams,
  lookup: LookupFunction = systemLookup,
): buildConnector.connector {
  const mayConnect = createAddressRules(privateUpstreams)
  const connect = buildConnector({ lookup: guardedLookup(mayConnect, lookup) })
  return (options, callback) => {
    // A literal address is dialled without any look-up.
    const host = options.hostname.replace(/^\[|\]$/g, '')
    if (isIP(host) !== 0 && !mayConnect(host)) {
      callback(new ForbiddenAddress(`requests to ${host} are not allowed`), null)
      return
    }
    connect(options, callback)
  }
}

/** Resolves names to addresses that may be connected to; to none of them: `ForbiddenAddress`. */
export function guardedLookup(
  mayConnect: (ip: string) => boolean,
  lookup: LookupFunction = systemLookup,
): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, options, (error, found, family) => {
      if (error) return callback(error, found, family)
      const addresses: readonly LookupAddress[] =
        typeof found === 'string' ? [{ address: found, family: family ?? 0 }] : found
      const allowed = addresses.filter(({ address }) => mayConnect(address))
      const first = allowed[0]
      if (first === undefined) {
        return callback(new ForbiddenAddress(`requests to ${hostname} are not allowed`), '')
      }
      if (typeof found === 'string') return callback(null, first.address, first.family)
      callback(null, allowed)
    })
  }
}
