import type { Page } from 'playwright-core'

export interface Scripts {
  readonly files: number
  /** As they came: compressed. */
  readonly bytes: number
}

/** Counts the scripts that a page loads from now on; the returned function says how many came. */
export function countScripts(page: Page): () => Promise<Scripts> {
  const sizes: Promise<number>[] = []
  page.on('requestfinished', (request) => {
    if (!new URL(request.url()).pathname.endsWith('.js')) return
    sizes.push(request.sizes().then(({ responseBodySize }) => responseBodySize))
  })
  return async () => {
    const all = await Promise.all(sizes)
    return { files: all.length, bytes: all.reduce((sum, size) => sum + size, 0) }
  }
}
