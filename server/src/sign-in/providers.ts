import { genericOAuth } from 'better-auth/plugins/generic-oauth'
import type { IdentityProvider } from './config.ts'

/** What the sign-in library is told of others that vouch for people. `closed`: they make no accounts. */
export function providerOptions(providers: readonly IdentityProvider[], closed: boolean) {
  const known = (id: IdentityProvider['id']) => {
    const found = providers.find((one) => one.id === id)
    if (found === undefined) return {}
    const { clientId, clientSecret } = found
    return { [id]: { clientId, clientSecret, disableSignUp: closed } }
  }
  const oidc = providers.filter(({ id }) => id === 'oidc')
  return {
    socialProviders: { ...known('github'), ...known('google') },
    plugins: oidc.map(({ id, clientId, clientSecret, issuer = '' }) =>
      genericOAuth({
        config: [
          {
            ...{ providerId: id, clientId, clientSecret, pkce: true, disableSignUp: closed },
            discoveryUrl: `${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`,
            scopes: ['openid', 'email', 'profile'],
            requireIdTokenVerification: true,
          },
        ],
      }),
    ),
  }
}
