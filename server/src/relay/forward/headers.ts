import type { Demands } from '../../channels/types/demands.ts'

/** What stays on one hop (RFC 9110, 7.6.1) or belongs to the connection that we make ourselves. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'content-length',
]

/**
 * Not for a provider: whose key it is, where the caller sits. `accept-encoding` is ours, because usage is read from the
 * bytes that pass; `content-encoding` is gone once the body was unpacked.
 */
const TO_UPSTREAM_NOT = new Set([
  ...HOP_BY_HOP,
  'host',
  'expect',
  'authorization',
  'x-api-key',
  'x-goog-api-key',
  'api-key',
  'ocp-apim-subscription-key',
  // Of signatures and of who pays: a channel writes its own.
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-content-sha256',
  'x-goog-user-project',
  'cookie',
  'forwarded',
  'x-real-ip',
  'openai-organization',
  'openai-project',
  'new-api-user',
  'accept-encoding',
  'content-encoding',
])

/** Not for a client: the provider's cookies, limits and account, and what we say ourselves. */
const TO_CLIENT_NOT = new Set([
  ...HOP_BY_HOP,
  'set-cookie',
  'server',
  'alt-svc',
  'openai-organization',
  'openai-project',
  'anthropic-organization-id',
  'x-request-id',
  'request-id',
])
const TO_CLIENT_NOT_BEGINNINGS = [
  'x-ratelimit-',
  'anthropic-ratelimit-',
  'ratelimit',
  'access-control-',
  'x-turnpike-',
]

/** Whether a header passes, remembered per spelling: real clients and providers use few. */
type Verdict = (name: string) => boolean

const MOST_REMEMBERED = 500

function remembering(judge: (name: string) => boolean): Verdict {
  const verdicts = new Map<string, boolean>()
  return (name) => {
    const known = verdicts.get(name)
    if (known !== undefined) return known
    const verdict = judge(name.toLowerCase())
    if (verdicts.size < MOST_REMEMBERED) verdicts.set(name, verdict)
    return verdict
  }
}

const passesUp = remembering(
  (name) => !TO_UPSTREAM_NOT.has(name) && !name.startsWith('x-forwarded-'),
)
const passesDown = remembering(
  (name) =>
    !TO_CLIENT_NOT.has(name) &&
    !TO_CLIENT_NOT_BEGINNINGS.some((beginning) => name.startsWith(beginning)),
)

/**
 * The verdicts on lists of names as they came last, by their length: a client sends the same names in the same order, and
 * comparing a name costs a third of looking it up.
 */
function rememberingLists(passes: Verdict) {
  const latest: (JudgedList | undefined)[] = []
  return (received: readonly string[]): readonly boolean[] => {
    const known = latest[received.length]
    if (known !== undefined && isOf(known, received)) return known.verdicts
    const names = received.filter((_, at) => at % 2 === 0)
    const judged = { names, verdicts: names.map(passes) }
    if (names.length <= MOST_NAMES) latest[received.length] = judged
    return judged.verdicts
  }
}

interface JudgedList {
  readonly names: readonly string[]
  readonly verdicts: readonly boolean[]
}

const MOST_NAMES = 64

function isOf({ names }: JudgedList, received: readonly string[]): boolean {
  for (let at = 0; at < names.length; at++) if (names[at] !== received[2 * at]) return false
  return true
}

const passingUp = rememberingLists(passesUp)

/** The headers of a caller that its upstream gets. */
export function headersForUpstream(received: readonly string[]): string[] {
  const sent: string[] = []
  const dropped = namedByConnection(received)
  const verdicts = passingUp(received)
  for (let at = 0; at + 1 < received.length; at += 2) {
    const name = received[at] as string
    if (verdicts[at / 2] && !dropped?.has(name.toLowerCase()))
      sent.push(name, received[at + 1] as string)
  }
  sent.push('accept-encoding', 'identity')
  return sent
}

/** What only one dialect's servers understand, or what only tells of its libraries. */
const OF_A_DIALECT = ['anthropic-', 'openai-', 'x-goog-', 'x-stainless-']

const isOfNoDialect = remembering(
  (name) => !OF_A_DIALECT.some((beginning) => name.startsWith(beginning)),
)

/** The headers of a caller for a provider that speaks another dialect, with what that one demands. */
export function headersForDialect(headers: readonly string[], demands: Demands): string[] {
  return withDemands(ofNoDialect(headers), demands)
}

/** Adds what a provider demands and the caller did not send. */
export function withDemands(headers: readonly string[], demands: Demands): string[] {
  const sent = headers.slice()
  for (const [name, value] of demands) {
    if (headerOf(headers, name) === undefined) sent.push(name, value)
  }
  return sent
}

/** The headers of an answer in another dialect than the caller's: those that describe its body are no longer true. */
export function withoutDialect(headers: readonly string[]): string[] {
  const kept = ofNoDialect(headers)
  for (let at = kept.length - 2; at >= 0; at -= 2) {
    if (kept[at]?.toLowerCase().startsWith('content-')) kept.splice(at, 2)
  }
  return kept
}

function ofNoDialect(headers: readonly string[]): string[] {
  const kept: string[] = []
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if (isOfNoDialect(headers[at] as string)) {
      kept.push(headers[at] as string, headers[at + 1] as string)
    }
  }
  return kept
}

/** The headers of an upstream that its caller gets. */
export function headersForClient(received: readonly string[]): string[] {
  const sent: string[] = []
  const dropped = namedByConnection(received)
  for (let at = 0; at + 1 < received.length; at += 2) {
    const name = received[at] as string
    if (passesDown(name) && !dropped?.has(name.toLowerCase()))
      sent.push(name, received[at + 1] as string)
  }
  return sent
}

/** `Connection: x-secret` declares further headers to be of this hop only. */
function namedByConnection(headers: readonly string[]): ReadonlySet<string> | undefined {
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] as string
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue
    const value = headers[at + 1] as string
    if (value === 'keep-alive' || value === 'close' || value === 'Keep-Alive') continue
    return new Set(value.split(',').map((one) => one.trim().toLowerCase()))
  }
  return undefined
}

/** The value of a header in a list of names and values; names compared without case. */
export function headerOf(headers: readonly string[], wanted: string): string | undefined {
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] as string
    if (name.length === wanted.length && name.toLowerCase() === wanted) return headers[at + 1]
  }
  return undefined
}
