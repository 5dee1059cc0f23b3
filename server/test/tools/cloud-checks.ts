import { createHash, createHmac, createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import type { UpstreamCall } from './upstream.ts'

/* How clouds judge who asks, written anew from their documents: what the gateway sends is checked against it. */

const sha256 = (text: string | Buffer) => createHash('sha256').update(text).digest('hex')
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()

/** Whether a call is signed with the secret, by AWS Signature Version 4. Answers with what of the scope was signed for. */
export function signedFor(call: UpstreamCall, secretAccessKey: string) {
  const { authorization = '' } = call.headers
  const found =
    /^AWS4-HMAC-SHA256 Credential=(\w+)\/(\d{8})\/([\w-]+)\/([\w-]+)\/aws4_request, SignedHeaders=([\w;-]+), Signature=([0-9a-f]{64})$/.exec(
      authorization,
    )
  if (found === null) return undefined
  const [, id, day = '', region = '', service = '', names = '', signature] = found
  const [path = '', query = ''] = call.path.split('?')
  const canonical = [
    call.method,
    // Of what is sent, each segment is escaped once more.
    path.split('/').map(encodeURIComponent).join('/'),
    query.split('&').sort().join('&'),
    ...names.split(';').map((name) => `${name}:${call.headers[name]}`),
    '',
    names,
    sha256(call.body),
  ].join('\n')
  const date = String(call.headers['x-amz-date'])
  const scope = `${day}/${region}/${service}/aws4_request`
  const toSign = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`
  const steps = [day, region, service, 'aws4_request']
  const key = steps.reduce<string | Buffer>(
    (with_, step) => hmac(with_, step),
    `AWS4${secretAccessKey}`,
  )
  const isRight = hmac(key, toSign).toString('hex') === signature && date.startsWith(day)
  return isRight ? { id, region, service, names, date } : undefined
}

/** A service account as Google gives it, and the public half of its key. */
export function newServiceAccount(tokenUri: string, name = 'turnpike') {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const email = `${name}@project.iam.gserviceaccount.com`
  const account = {
    type: 'service_account',
    project_id: 'project',
    private_key_id: '0123456789abcdef',
    private_key: pem,
    client_email: email,
    token_uri: tokenUri,
  }
  return { email, pem, publicKey, account, text: JSON.stringify(account, null, 2) }
}
export type TestAccount = ReturnType<typeof newServiceAccount>

/** The claims of an assertion that is signed by the account; `undefined`: it is not. */
export function assertedBy({ publicKey }: TestAccount, body: string) {
  const form = new URLSearchParams(body)
  if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') return undefined
  const [head = '', claims = '', signature = ''] = (form.get('assertion') ?? '').split('.')
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
  const key = createPublicKey(publicKey.export({ type: 'spki', format: 'pem' }))
  const isSigned = verify(
    'sha256',
    Buffer.from(`${head}.${claims}`),
    key,
    Buffer.from(signature, 'base64url'),
  )
  return isSigned && read(head).alg === 'RS256' ? read(claims) : undefined
}
