import type { Channel } from '../../channels/channel.ts'

/** Loopback, private and link-local addresses, with a port where there is one. */
const INTERNAL =
  /(?:https?:\/\/)?(?<![\d.])(?:127|10|192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))(?:\.\d{1,3}){2,3}(?![\d.]*\d\.\d)(?::\d{1,5})?/g

const NONE: readonly string[] = []

/** Frees a provider's words of what only the operator may see: the channel's keys and host, and internal addresses. */
export function scrubbed(text: string, channel: Channel): string {
  let clean = text
  for (const key of channel.authorization) clean = clean.replaceAll(key, '[key]')
  for (const secret of channel.access?.secrets() ?? NONE) clean = clean.replaceAll(secret, '[key]')
  for (const [, value] of channel.headers) {
    if (value.length >= 8) clean = clean.replaceAll(value, '[header]')
  }
  const { origin } = channel.baseUrl
  if (origin !== '') {
    const host = origin.slice(origin.indexOf('//') + 2)
    clean = clean.replaceAll(origin, '[provider]').replaceAll(host, '[provider]')
    const name = host.includes(':') ? host.slice(0, host.lastIndexOf(':')) : host
    clean = clean.replaceAll(name, '[provider]')
  }
  return clean.replace(INTERNAL, '[address]')
}
