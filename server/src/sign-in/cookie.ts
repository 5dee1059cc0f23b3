import { createHmac, timingSafeEqual } from 'node:crypto'

/** All that a browser keeps of signing in begins so. */
const PREFIX = 'turnpike'

/**
 * What the names of cookies begin with. Browsers take `__Host-` only over https, from this host alone: neither another
 * subdomain nor somebody on an unencrypted line can plant a session there.
 */
export const cookiePrefix = (secure: boolean): string => (secure ? `__Host-${PREFIX}` : PREFIX)

/** What is kept of the cookie in the database, when its signature is ours. */
export function tokenOf(
  cookies: string,
  { secure, secret }: { secure: boolean; secret: string },
): string | undefined {
  const value = cookieNamed(cookies, `${cookiePrefix(secure)}.session_token`)
  const dot = value?.lastIndexOf('.') ?? -1
  if (value === undefined || dot < 1) return undefined
  const token = value.slice(0, dot)
  const signature = Buffer.from(value.slice(dot + 1), 'base64')
  const expected = createHmac('sha256', secret).update(token).digest()
  const isOurs = signature.length === expected.length && timingSafeEqual(signature, expected)
  return isOurs ? token : undefined
}

/** Whether a request carries a session's cookie at all, valid or not. */
export const hasSessionCookie = (cookies: string, secure: boolean): boolean =>
  (cookieNamed(cookies, `${cookiePrefix(secure)}.session_token`) ?? '') !== ''

function cookieNamed(cookies: string, name: string): string | undefined {
  for (const cookie of cookies.split(';')) {
    const mark = cookie.indexOf('=')
    if (mark < 0 || cookie.slice(0, mark).trim() !== name) continue
    return decoded(cookie.slice(mark + 1).trim())
  }
  return undefined
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
