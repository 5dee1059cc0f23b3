import { ApiFailure } from '../api/failure.ts'
import { auth } from './auth.ts'

/** An address in numbers, of either kind: browsers keep passkeys for names only. */
const NUMBERS = /^\[|^[\d.]+$/

/** Whether this browser can use passkeys at this address. */
export const passkeysWork = (): boolean =>
  isSecureContext &&
  !NUMBERS.test(location.hostname) &&
  typeof PublicKeyCredential === 'function' &&
  'parseRequestOptionsFromJSON' in PublicKeyCredential

/** Asks the device for a passkey, and signs in by it. @throws ApiFailure */
export async function signInByPasskey(): Promise<void> {
  const options = await auth.get<PublicKeyCredentialRequestOptionsJSON>(
    '/passkey/generate-authenticate-options',
  )
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options)
  const response = await answerOf(navigator.credentials.get({ publicKey }))
  await auth.post('/passkey/verify-authentication', { response })
}

/** Has the device make a passkey, and keeps it under a name. @throws ApiFailure */
export async function addPasskey(name: string): Promise<void> {
  const options = await auth.get<PublicKeyCredentialCreationOptionsJSON>(
    '/passkey/generate-register-options',
  )
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options)
  const response = await answerOf(navigator.credentials.create({ publicKey }))
  await auth.post('/passkey/verify-registration', { response, name })
}

/** What the device answered. Browsers say little of why one did not. */
async function answerOf(asked: Promise<Credential | null>): Promise<unknown> {
  const credential = await asked.catch((reason: unknown) => {
    const name = reason instanceof DOMException ? reason.name : ''
    if (name === 'InvalidStateError') throw new ApiFailure('passkey_known', '')
    if (name === 'NotAllowedError') throw new ApiFailure('passkey_cancelled', '')
    throw new ApiFailure('passkey_failed', reason instanceof Error ? reason.message : '')
  })
  return (credential as PublicKeyCredential | null)?.toJSON()
}
