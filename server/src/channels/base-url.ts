/** Where a channel's requests go: `https://host:port`, and the path that stands before `/chat/completions`. */
export interface BaseUrl {
  readonly origin: string
  readonly pathPrefix: string
  /** Of types vertex and bedrock: what stands before `/chat/completions` below the prefix. Other dialects are beside it. */
  readonly chatPath?: string
  /** Of type azure: the dated version that a URL with deployments asks for. */
  readonly apiVersion?: string
  /** Of type bedrock: what signatures are made for. */
  readonly region?: string
}

export const isSamePlace = (a: BaseUrl | undefined, b: BaseUrl): boolean =>
  a?.origin === b.origin && a.pathPrefix === b.pathPrefix && a.chatPath === b.chatPath

/** A base URL that cannot be used; the message says what to send. */
export class BaseUrlError extends Error {
  override readonly name = 'BaseUrlError'
}

/**
 * Reads a base URL as people paste it: a URL without a path means its `/v1`, a trailing slash means nothing.
 * @throws BaseUrlError for anything that is not plain http or https.
 */
export function parseBaseUrl(text: string): BaseUrl {
  const url = parseHttpUrl(text)
  refuseQuery(url)
  const path = pathOf(url)
  return { origin: url.origin, pathPrefix: path === '' ? '/v1' : path }
}

/** What every base URL is, whatever its type. @throws BaseUrlError */
export function parseHttpUrl(text: string): URL {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new BaseUrlError('base_url must be a URL that begins with http:// or https://')
  }
  // Credentials in a URL end up in logs; the key has a place of its own, encrypted.
  if (url.username !== '' || url.password !== '') {
    throw new BaseUrlError('base_url must not hold a user name or password: put the key in keys')
  }
  if (url.hash !== '') throw new BaseUrlError('base_url must not hold a query or a fragment')
  return url
}

/** @throws BaseUrlError */
export function refuseQuery(url: URL): void {
  if (url.search !== '') throw new BaseUrlError('base_url must not hold a query or a fragment')
}

/** A URL's path without slashes at its end; `''`: it has none. */
export function pathOf({ pathname }: URL): string {
  let end = pathname.length
  while (end > 0 && pathname[end - 1] === '/') end -= 1
  return pathname.slice(0, end)
}
