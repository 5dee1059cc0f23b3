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
  await idle(listener, patienceMs)
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  listener.cutAll()
  await closed
  // What is charged when a connection is cut is on its way to the books.
  await idle(listener, LAST_CHARGES_MS)
}

const LAST_CHARGES_MS = 2_000

/** Resolves when nothing is running, or this has passed. */
async function idle(listener: Listener, patienceMs: number): Promise<void> {
  if (listener.running() === 0) return
  await new Promise<void>((resolve) => {
    const cut = setTimeout(resolve, patienceMs)
    listener.onIdle(() => {
      clearTimeout(cut)
      resolve()
    })
  })
}
