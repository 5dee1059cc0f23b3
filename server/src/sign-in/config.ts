import type { Values } from '../config-values.ts'

/** Another that vouches for people, by the name it has in paths. */
export interface IdentityProvider {
  readonly id: 'github' | 'google' | 'oidc'
  readonly clientId: string
  readonly clientSecret: string
  /** Of `oidc`: where its discovery document is. */
  readonly issuer: string | undefined
}

/** How e-mail is sent. The URL may hold a password. */
export interface MailConfig {
  readonly url: string
  readonly from: string
}

/** What signing in needs to know of the world outside. Secrets stay in the environment: they are stored nowhere. */
export interface SignInConfig {
  /** Origin at which people open the console. */
  readonly consoleUrl: string | undefined
  readonly mail: MailConfig | undefined
  readonly providers: readonly IdentityProvider[]
}

/** Reads it from the environment; what is wrong is noted there. */
export function readSignIn(values: Values): SignInConfig {
  const consoleUrl = values.checked('TURNPIKE_CONSOLE_URL', whyNotOrigin)
  return {
    consoleUrl: consoleUrl === undefined ? undefined : URL.parse(consoleUrl)?.origin,
    mail: readMail(values, consoleUrl),
    providers: (['github', 'google', 'oidc'] as const).flatMap((id) => readProvider(values, id)),
  }
}

function whyNotOrigin(text: string): string | undefined {
  const url = URL.parse(text)
  const fits =
    url !== null && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === ''
  return fits ? undefined : 'must look like https://gateway.example, without a path'
}

function readMail(values: Values, consoleUrl: string | undefined): MailConfig | undefined {
  const url = values.checked('SMTP_URL', (text) =>
    /^smtps?:$/.test(URL.parse(text)?.protocol ?? '')
      ? undefined
      : 'must look like smtp://user:password@host:587',
  )
  const from = values.text('SMTP_FROM')
  if (url === undefined) return undefined
  if (from === undefined) values.mistake('SMTP_FROM', 'is needed with SMTP_URL')
  if (consoleUrl === undefined) {
    const why = 'is needed with SMTP_URL: whoever asks for a link must not choose where it leads'
    values.mistake('TURNPIKE_CONSOLE_URL', why)
  }
  return { url, from: from ?? '' }
}

function readProvider(values: Values, id: IdentityProvider['id']): readonly IdentityProvider[] {
  const name = id.toUpperCase()
  const issuer =
    id === 'oidc'
      ? values.checked('OIDC_ISSUER', (text) =>
          URL.canParse(text) ? undefined : 'must be a URL, such as https://id.example/realms/main',
        )
      : undefined
  const clientId = values.text(`${name}_CLIENT_ID`)
  const clientSecret = values.text(`${name}_CLIENT_SECRET`)
  const parts = { [`${name}_CLIENT_ID`]: clientId, [`${name}_CLIENT_SECRET`]: clientSecret }
  const all = id === 'oidc' ? { OIDC_ISSUER: issuer, ...parts } : parts
  const missing = Object.keys(all).filter((key) => all[key] === undefined)
  if (missing.length === Object.keys(all).length) return []
  for (const key of missing) values.mistake(key, `is missing beside the others of ${id}`)
  return clientId !== undefined && clientSecret !== undefined
    ? [{ id, clientId, clientSecret, issuer }]
    : []
}
