import { useSyncExternalStore } from 'react'

const TICK_MS = 30_000
const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

/** One timer for all times on a screen. */
function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  timer ??= setInterval(() => {
    for (const each of listeners) each()
  }, TICK_MS)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

const currentTick = () => Math.floor(Date.now() / TICK_MS)

/** Unix seconds, to half a minute. */
export const useNowSeconds = (): number =>
  (useSyncExternalStore(subscribe, currentTick) * TICK_MS) / 1000
