/** Addresses that Google opens with the rights of whose key it gets: they are no business of who merely knows them. */

/** In a bucket of a cloud, named by its own scheme. */
export const isInBucket = (uri: string): boolean => /^\s*(?:gs|s3):/i.test(uri)

/**
 * Whether a file is in a bucket, or was uploaded to Google: by its address at Gemini's API, or by its name there. What else
 * has an address is open to everybody, or to nobody.
 */
export function isKeptByGoogle(uri: string): boolean {
  if (isInBucket(uri)) return true
  const url = URL.parse(uri.trim())
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return true
  const host = url.hostname.replace(/\.+$/, '')
  return host.endsWith('googleapis.com') && !OPEN.test(host)
}

/** Objects there are read as anybody would, or by a signature in the address. */
const OPEN = /^(?:[\w.-]+\.)?storage\.googleapis\.com$/
