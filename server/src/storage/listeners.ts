import type { Log } from './commit-queue.ts'
import type { Store } from './store.ts'
import type { Change } from './tables.ts'

/** Who wants to be told what of a store. */
export interface Listeners extends Pick<Store, 'onChange' | 'onBehind' | 'onBalance'> {
  /** Each listener is told at once; resolves when all have followed. Never rejects. */
  tellChange(change: Change): Promise<void>
  tellBehind(): Promise<void>
  tellBalance(entity: number, remain: number): void
}

export function createListeners(log: Log | undefined): Listeners {
  const ofChange: ((change: Change) => void | Promise<void>)[] = []
  const ofBehind: (() => void | Promise<void>)[] = []
  const ofBalance: ((entity: number, remain: number) => void)[] = []

  /** One listener that fails must not keep the others, or the write's caller, waiting. */
  async function tell(listener: () => void | Promise<void>, detail: object): Promise<void> {
    try {
      await listener()
    } catch (failure) {
      log?.error({ err: failure, ...detail }, 'a cache failed to follow a change')
    }
  }

  return {
    onChange: (listener) => void ofChange.push(listener),
    onBehind: (listener) => void ofBehind.push(listener),
    onBalance: (listener) => void ofBalance.push(listener),
    async tellChange(change) {
      await Promise.all(ofChange.map((listener) => tell(() => listener(change), { change })))
    },
    async tellBehind() {
      await Promise.all(ofBehind.map((listener) => tell(listener, {})))
    },
    tellBalance(entity, remain) {
      for (const listener of ofBalance) listener(entity, remain)
    },
  }
}
