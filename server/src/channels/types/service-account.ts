import { createPrivateKey } from 'node:crypto'
import { parseHttpUrl } from '../base-url.ts'

/** A service account of Google's, as much of its JSON as is used. */
export interface ServiceAccount {
  readonly email: string
  readonly privateKey: string
  /** Where its tokens come from. */
  readonly tokenUri: string
}

const GOOGLE = 'https://oauth2.googleapis.com/token'
const JSON_OF = 'must be the JSON of a service account, as Google Cloud gives it'

/**
 * Reads the JSON that Google gives for a service account. Its other kinds of credentials name programs to run and files to
 * read, and are no business of whoever may write a channel. The answer is a text where it can't be used: why, without
 * quoting it.
 */
export function readServiceAccount(text: string): ServiceAccount | string {
  const json = objectIn(text)
  if (json === undefined) return JSON_OF
  const { type, client_email: email, private_key: privateKey, token_uri = GOOGLE } = json
  if (type !== 'service_account') return `${JSON_OF}: its type must be service_account`
  if (typeof email !== 'string' || email === '') return `${JSON_OF}: client_email is missing`
  if (typeof privateKey !== 'string' || !isRsaKey(privateKey)) {
    return `${JSON_OF}: private_key must be an RSA key in PEM`
  }
  if (typeof token_uri !== 'string' || !isPlainUrl(token_uri)) {
    return `${JSON_OF}: token_uri must be a URL that begins with http:// or https://, without a user name`
  }
  return { email, privateKey, tokenUri: token_uri }
}

/** What names a service account's key to people; `undefined`: the text is none. Nothing of it is secret. */
export function nameOfServiceAccount(text: string): string | undefined {
  // Most keys are something else.
  const json = text.trimStart().startsWith('{') ? objectIn(text) : undefined
  if (typeof json?.client_email !== 'string') return undefined
  const id = typeof json.private_key_id === 'string' ? json.private_key_id : ''
  return `${json.client_email}**********${id.slice(-4)}`
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === 'object' && json !== null ? { ...json } : undefined
  } catch {
    return undefined
  }
}

function isRsaKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa'
  } catch {
    return false
  }
}

function isPlainUrl(text: string): boolean {
  try {
    parseHttpUrl(text)
    return true
  } catch {
    return false
  }
}
