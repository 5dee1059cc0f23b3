import {
  createHash,
  createHmac,
  type createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  sign,
} from 'node:crypto'

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest()
const USER_PRESENT = 0x01
const USER_VERIFIED = 0x04
const HAS_CREDENTIAL = 0x40

/** What an authenticator app shows at a moment (RFC 6238), for the URI that it was given. */
export function codeOf(totpUri: string, ms = Date.now()): string {
  const secret = fromBase32(new URL(totpUri).searchParams.get('secret') ?? '')
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(ms / 30_000)))
  const mac = createHmac('sha1', secret).update(counter).digest()
  const at = (mac.at(-1) ?? 0) & 0x0f
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

function fromBase32(text: string): Buffer {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...text].map((one) => letters.indexOf(one).toString(2).padStart(5, '0')).join('')
  const bytes = bits.match(/.{8}/g) ?? []
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)))
}

/** A device that holds one passkey, of the kind that browsers make (WebAuthn, ES256, no attestation). */
export function createAuthenticator({ verifiesUser = true } = {}) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const id = randomBytes(16)
  const verified = verifiesUser ? USER_VERIFIED : 0
  let counter = 0

  const told = (type: string, challenge: string, origin: string) =>
    Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }))

  function toldBy(rpId: string, flags: number, rest = Buffer.alloc(0)): Buffer {
    const head = Buffer.alloc(5)
    head[0] = USER_PRESENT | verified | flags
    head.writeUInt32BE(++counter, 1)
    return Buffer.concat([sha256(rpId), head, rest])
  }
  const base = { id: id.toString('base64url'), rawId: id.toString('base64url') }
  const rest = { type: 'public-key', clientExtensionResults: {} }
  return {
    /** Answers `navigator.credentials.create`. */
    create(options: { challenge: string; rp: { id: string } }, origin: string) {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(id.length)
      const credential = Buffer.concat([Buffer.alloc(16), length, id, coseOf(privateKey)])
      const auth = toldBy(options.rp.id, HAS_CREDENTIAL, credential)
      return {
        ...{ ...base, ...rest },
        response: {
          clientDataJSON: told('webauthn.create', options.challenge, origin).toString('base64url'),
          attestationObject: attestation(auth).toString('base64url'),
          transports: ['internal'],
        },
      }
    },
    /** Answers `navigator.credentials.get`. */
    get(options: { challenge: string; rpId: string }, origin: string) {
      const client = told('webauthn.get', options.challenge, origin)
      const auth = toldBy(options.rpId, 0)
      const signed = Buffer.concat([auth, sha256(client)])
      return {
        ...{ ...base, ...rest },
        response: {
          clientDataJSON: client.toString('base64url'),
          authenticatorData: auth.toString('base64url'),
          signature: sign('sha256', signed, privateKey).toString('base64url'),
        },
      }
    },
  }
}

/** The public key as CBOR: `{1: 2, 3: -7, -1: 1, -2: x, -3: y}` (RFC 9053). */
function coseOf(privateKey: ReturnType<typeof createPrivateKey>): Buffer {
  const { x = '', y = '' } = privateKey.export({ format: 'jwk' })
  const bytes32 = (text: string) => [Buffer.from([0x58, 32]), Buffer.from(text, 'base64url')]
  return Buffer.concat([
    Buffer.from([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21]),
    ...bytes32(x),
    Buffer.from([0x22]),
    ...bytes32(y),
  ])
}

/** `{fmt: 'none', attStmt: {}, authData}` as CBOR. */
function attestation(device: Buffer): Buffer {
  const text = (value: string) => [Buffer.from([0x60 + value.length]), Buffer.from(value)]
  return Buffer.concat([
    Buffer.from([0xa3]),
    ...text('fmt'),
    ...text('none'),
    ...text('attStmt'),
    Buffer.from([0xa0]),
    ...text('authData'),
    Buffer.from([0x58, device.length]),
    device,
  ])
}
