/** How messages call the database: without its password, and without parameters that may hold one. */
export function nameOf(url: string): string {
  const { protocol, username, host, pathname } = new URL(url)
  return `${protocol}//${username === '' ? '' : `${username}@`}${host}${pathname}`
}
