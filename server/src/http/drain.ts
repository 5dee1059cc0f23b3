import type { Listener } from './listener.ts'

export interface DrainParts {
  readonly listener: Listener
  /** Makes every new model request be refused with `draining`. */
  readonly begin: () => void
  /** Open streams are cut when this has passed. */
  readonly patienceMs: number
}

/**
 * Ends the listener gently: no new calls, running ones come to their end. It goes on listening meanwhile, so that new
 * callers are told to try elsewhere instead of being turned away without a word.
 */
export async function drain({ listener, begin, patienceMs }: DrainParts): Promise<void> {
  begin()
  const { server } = listener
  if (listener.running() > 0) {
    await new Promise<void>((resolve) => {
      const cut = setTimeout(resolve, patienceMs)
      listener.onIdle(() => {
        clearTimeout(cut)
        resolve()
      })
    })
  }
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeAllConnections()
  await closed
}
