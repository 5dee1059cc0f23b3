import { createAddressRules, type PrivateUpstreams } from '../../channels/address-rules.ts'
import { BaseUrlError } from '../../channels/base-url.ts'
import { type ChannelType, TYPE_RULES } from '../../channels/types/types.ts'
import { Refused } from '../../errors.ts'
import { LONGEST_MODEL, type NewChannel } from './fields.ts'

const refuse = (says: string) => new Refused('invalid_field', says)

/** A channel as it is going to be: everything known, keys apart. */
export type WholeChannel = Required<Omit<NewChannel, 'key' | 'keys'>>

/**
 * Headers that the gateway writes itself, or that carry a credential, which has its encrypted place in `keys`. Usage is
 * read from the bytes that pass, so how they are encoded is not the operator's to say.
 */
const NOT_OURS_TO_SET =
  /^(authorization|proxy-.*|x-api-key|api-key|x-goog-api-key|x-amz-(?:date|security-token|content-sha256)|cookie|host|content-length|content-type|content-encoding|accept-encoding|transfer-encoding|connection|upgrade|te|trailer|keep-alive|expect)$/
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/
/** RFC 9110: visible characters, blanks and tabs; a line break would begin another header. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
/** In a URL, an IPv4 or bracketed IPv6 address instead of a name. */
const LITERAL_ADDRESS = /^(\d+\.\d+\.\d+\.\d+|\[.*\])$/

/** What the schemas can't say. @throws Refused `invalid_field`. */
export function checkChannel(channel: WholeChannel, upstreams: PrivateUpstreams): void {
  checkAddress(channel, upstreams)
  checkHeaders(channel.headers)
  checkDialects(channel)
  for (const [name, ids] of [
    ['models', channel.models],
    ['model_mapping', Object.keys(channel.model_mapping)],
  ] as const) {
    for (const id of ids) checkModel(name, id)
  }
  checkHasModels(channel)
  const twice = channel.models.find((id, at) => channel.models.indexOf(id) !== at)
  if (twice !== undefined) throw refuse(`models holds ${twice} twice`)
}

function checkDialects({ type, base_url, dialects }: WholeChannel): void {
  const { dialectsOf, mayAlsoSpeak = [], parseBaseUrl } = TYPE_RULES[type]
  const known = [...dialectsOf(parseBaseUrl(base_url)), ...mayAlsoSpeak]
  const unknown = dialects.find((dialect) => !known.includes(dialect))
  if (unknown === undefined) return
  throw refuse(`dialects: a channel of type ${type} speaks ${known.join(', ')}, not ${unknown}`)
}

function checkHasModels({ type, base_url, models }: WholeChannel): void {
  const { modelsPath, parseBaseUrl } = TYPE_RULES[type]
  if (models.length > 0 || modelsPath(parseBaseUrl(base_url)) !== undefined) return
  throw refuse(`models is required for the type ${type}: there is no list that could be asked for`)
}

function checkModel(field: string, id: string): void {
  if (id === '' || id.trim() !== id || id.includes(',')) {
    throw refuse(`${field}: a model id must not be empty, hold a comma or end in a blank`)
  }
  if (Buffer.byteLength(id) > LONGEST_MODEL) {
    throw refuse(`${field}: a model id must have at most ${LONGEST_MODEL} bytes`)
  }
}

function checkAddress({ type, base_url }: WholeChannel, upstreams: PrivateUpstreams): void {
  if (base_url === '') {
    if (type === 'simulator') return
    throw refuse(`base_url is required for the type ${type}`)
  }
  const { origin } = parsed(type, base_url)
  checkHost('base_url', new URL(origin).hostname, upstreams)
}

/** Names are judged when connecting, because what they mean may change. @throws Refused `invalid_field`. */
export function checkHost(field: string, host: string, upstreams: PrivateUpstreams): void {
  const mayConnect = createAddressRules(upstreams)
  if (LITERAL_ADDRESS.test(host) && !mayConnect(host.replace(/^\[|\]$/g, ''))) {
    throw refuse(`${field}: requests to ${host} are not allowed`)
  }
}

function parsed(type: ChannelType, baseUrl: string) {
  try {
    return TYPE_RULES[type].parseBaseUrl(baseUrl)
  } catch (error) {
    throw error instanceof BaseUrlError ? refuse(error.message) : error
  }
}

function checkHeaders(headers: Readonly<Record<string, string>>): void {
  const seen = new Set<string>()
  for (const [given, value] of Object.entries(headers)) {
    const name = given.toLowerCase()
    if (!HEADER_NAME.test(name)) throw refuse('headers: a name is not a valid header name')
    if (NOT_OURS_TO_SET.test(name)) {
      throw refuse(`headers: ${name} can't be set here; a provider's key belongs in keys`)
    }
    if (seen.has(name)) throw refuse(`headers: ${name} comes twice`)
    if (!HEADER_VALUE.test(value)) throw refuse(`headers: the value of ${name} is not valid`)
    seen.add(name)
  }
}

/** Whether keys are such as the channel's provider gives. @throws Refused `invalid_field`; it quotes no key. */
export function checkKeys({ type }: WholeChannel, keys: readonly string[]): void {
  const { needsKeys, whyNotKey } = TYPE_RULES[type]
  if (needsKeys && keys.length === 0) throw refuse(`keys is required for the type ${type}`)
  keys.forEach((key, at) => {
    const why = whyNotKey(key)
    if (why !== undefined) throw refuse(`keys[${at}] ${why}`)
  })
}

/** Whether a key would go to another host than before. */
export function isOtherOrigin(before: string, after: string): boolean {
  return before !== '' && new URL(before).origin !== new URL(after).origin
}
