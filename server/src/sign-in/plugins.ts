import { passkey } from '@better-auth/passkey'
import { APIError } from 'better-auth/api'
import { twoFactor } from 'better-auth/plugins/two-factor'
import { username } from 'better-auth/plugins/username'

const LONGEST_USERNAME = 64

/** What the sign-in library does besides, for browsers that see the gateway at `origin`. */
export const plugins = (origin: string) => [
  username({
    displayUsername: false,
    usernameNormalization: false,
    minUsernameLength: 1,
    maxUsernameLength: LONGEST_USERNAME,
    usernameValidator: () => true,
  }),
  twoFactor({ issuer: 'Turnpike', allowPasswordless: true }),
  passkey({
    rpName: 'Turnpike',
    rpID: new URL(origin).hostname,
    origin,
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    registration: {
      afterVerification: async ({ verification }) => {
        requireVerified(verification.registrationInfo?.userVerified)
      },
    },
    authentication: {
      afterVerification: async ({ verification }) => {
        requireVerified(verification.authenticationInfo.userVerified)
      },
    },
  }),
]

/** A passkey stands for both factors, so the device must have asked who holds it. */
function requireVerified(verified: boolean | undefined): void {
  if (verified) return
  throw new APIError('UNAUTHORIZED', {
    code: 'AUTHENTICATION_FAILED',
    message: 'the device did not check who uses it',
  })
}
