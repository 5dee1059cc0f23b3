import { createHash } from 'node:crypto'
import { type BaseUrl, BaseUrlError, parseHttpUrl, pathOf } from '../base-url.ts'
import { type Access, type Entrance, NoAccess, type OutgoingRequest } from './access.ts'
import { ON_BEDROCK } from './hosted-messages.ts'
import { openaiCompatible, openaiPath } from './openai.ts'
import { type Addressed, type TypeRules, whyNotVisible } from './rules.ts'

const REGION = /^[a-z]{2,}(-[a-z0-9]+)+-\d+$/
const RUNTIME =
  /^(?:.+\.)?bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.(?:vpce\.)?amazonaws\.com(?:\.cn)?$/
const MANTLE = /^bedrock-mantle\.([a-z0-9-]+)\.api\.aws$/
const FORMS =
  'base_url must be https://bedrock-runtime.{region}.amazonaws.com/openai/v1 or https://bedrock-mantle.{region}.api.aws/v1; for another host add ?region={region}'
const KEY_FORMS =
  'must be a Bedrock API key, or access_key_id:secret_access_key, or access_key_id:secret_access_key:session_token'

/** Amazon Bedrock, by its chat completions or Anthropic's Messages, with one of its API keys or with AWS credentials. */
export const bedrock: TypeRules = {
  standardBaseUrl: '',
  needsKeys: true,
  outputLimit: 'max_tokens',
  parseBaseUrl: parseBedrockUrl,
  whyNotKey(key) {
    const isWhole = !key.includes(':') || credentialsIn(key) !== undefined
    return whyNotVisible(key) ?? (isWhole ? undefined : KEY_FORMS)
  },
  dialectsOf: openaiCompatible.dialectsOf,
  mayAlsoSpeak: ['anthropic'],
  hosts: (baseUrl) => (isMantle(baseUrl) ? undefined : ON_BEDROCK),
  pathOf: bedrockPath,
  // The runtime has no list.
  modelsPath: (baseUrl) => (isMantle(baseUrl) ? `${baseUrl.chatPath}/models` : undefined),
  accessTo: createAccess,
}

function parseBedrockUrl(text: string): BaseUrl {
  const url = parseHttpUrl(text)
  const named = (RUNTIME.exec(url.hostname) ?? MANTLE.exec(url.hostname))?.[1]
  const isOwn = named !== undefined && url.search === ''
  const region = isOwn ? named : regionAsked(url)
  if (region === undefined || !REGION.test(region)) throw new BaseUrlError(FORMS)
  const standard = MANTLE.test(url.hostname) ? '/v1' : '/openai/v1'
  const path = pathOf(url) || standard
  const [chatPath = ''] = /(?:\/openai)?\/v1$/.exec(path) ?? []
  const pathPrefix = path.slice(0, path.length - chatPath.length)
  return { origin: url.origin, pathPrefix, chatPath, region }
}

function bedrockPath(call: Addressed): string {
  const { dialect, baseUrl, model, stream, query } = call
  if (dialect !== 'anthropic') {
    return `${baseUrl.chatPath ?? ''}${openaiPath(call)}${query && canonical(query)}`
  }
  if (isMantle(baseUrl)) return MANTLE_MESSAGES
  return `/model/${escaped(model)}/${stream ? 'invoke-with-response-stream' : 'invoke'}`
}

const MANTLE_MESSAGES = '/anthropic/v1/messages'

function regionAsked({ searchParams }: URL): string | undefined {
  return searchParams.size === 1 ? (searchParams.get('region') ?? undefined) : undefined
}

const isMantle = ({ origin }: BaseUrl): boolean => MANTLE.test(new URL(origin).hostname)

interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** AWS credentials, as they stand in one key; `undefined`: it holds none. */
function credentialsIn(key: string): Credentials | undefined {
  const [accessKeyId = '', secretAccessKey = '', sessionToken, more] = key.split(':')
  if (!/^\w{16,128}$/.test(accessKeyId) || secretAccessKey.length < 16) return undefined
  if (sessionToken === '' || more !== undefined) return undefined
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) }
}

/** A query as signatures read it: what is signed and what is sent must be spelt alike. */
function canonical(query: string): string {
  const pairs = [...new URLSearchParams(query)].map((pair) => pair.map(escaped).join('='))
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}

/** RFC 3986; `encodeURIComponent` leaves five characters more as they are. */
const escaped = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  )

function createAccess(
  { baseUrl, keys }: Entrance,
  { now }: { readonly now: () => number },
): Access {
  const service = isMantle(baseUrl) ? 'bedrock-mantle' : 'bedrock'
  const region = baseUrl.region ?? ''
  const credentials = new Map(keys.map((key) => [key, credentialsIn(key)]))
  const secrets = [...credentials.values()].flatMap((one) =>
    one === undefined ? [] : Object.values<string>({ ...one }),
  )
  return {
    authorise(request, key) {
      const known = credentials.get(key)
      if (known === undefined) {
        const isMessages = request.path.endsWith(MANTLE_MESSAGES)
        if (isMessages) request.headers.push('x-api-key', key)
        else request.headers.push('authorization', `Bearer ${key}`)
        return undefined
      }
      return sign(request, { credentials: known, service, region, date: new Date(now()) })
    },
    secrets: () => secrets,
  }
}

interface Signing {
  readonly credentials: Credentials
  readonly service: string
  readonly region: string
  readonly date: Date
}

/**
 * Signs method, host, path, query and body (Signature Version 4). Other headers stay out of it: they are the caller's, and
 * whatever stands between may rewrite them.
 */
async function sign(request: OutgoingRequest, signing: Signing): Promise<void> {
  const { protocol, host, pathname, searchParams } = new URL(request.origin + request.path)
  const query: Record<string, string[]> = Object.create(null)
  for (const name of searchParams.keys()) query[name] = searchParams.getAll(name)
  try {
    // Loaded where it is used: who has no such channel does not pay for it.
    const [{ SignatureV4 }, { Sha256 }] = await Promise.all([
      import('@smithy/signature-v4'),
      import('@smithy/core/checksum'),
    ])
    const { date: signingDate, ...credentials } = signing
    const signer = new SignatureV4({ ...credentials, sha256: Sha256 })
    const signed = await signedBody(request.body)
    const { headers } = await signer.sign(
      {
        ...{ method: request.method, protocol, hostname: host, path: pathname, query },
        headers: { host, ...signed.headers },
        body: signed.body,
      },
      { signingDate },
    )
    for (const name in headers) {
      if (name !== 'host') request.headers.push(name, headers[name] as string)
    }
  } catch {
    // Nothing is told of it: the library's words may hold what it was given.
    throw new NoAccess('the request could not be signed', false)
  }
}

/** What the signer takes: bytes, or the digest of those that are nowhere all at once. */
async function signedBody(body: OutgoingRequest['body']) {
  if (body === undefined || Buffer.isBuffer(body)) return { body, headers: {} }
  const digest = createHash('sha256')
  for await (const piece of body) digest.update(piece)
  return { body: undefined, headers: { 'x-amz-content-sha256': digest.digest('hex') } }
}
