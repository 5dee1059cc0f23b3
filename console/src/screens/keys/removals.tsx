import { Button, Group, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQueryClient } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import { DISABLED, deleteKeys, ENABLED, type KeyRecord, refreshKeys, setStatus } from './keys.ts'
import { useTellFailure } from './use-tell-failure.ts'

/** How long a deletion can be undone. */
const UNDO_MS = 10_000

interface Removal {
  readonly ids: readonly number[]
  readonly timer: ReturnType<typeof setTimeout>
}

/** Those that can still be undone, by the id of their message. */
const pending = new Map<string, Removal>()
const listeners = new Set<() => void>()

function changed(): void {
  for (const listener of listeners) listener()
}

/** Whoever leaves meant what was said: it is deleted, although nobody waits for the answer. */
window.addEventListener('pagehide', () => {
  for (const { ids, timer } of pending.values()) {
    clearTimeout(timer)
    void deleteKeys(ids, { keepalive: true })
  }
  pending.clear()
})

/**
 * Deletes keys so that it can be undone: at once they work no more, and are gone ten seconds later, also when the page
 * is closed. The API deletes for good.
 */
export function useRemoveKeys(): (keys: readonly KeyRecord[]) => Promise<void> {
  const queryClient = useQueryClient()
  const tell = useTellFailure()
  return async (keys) => {
    const enabled = keys.filter(({ status }) => status === ENABLED).map(({ id }) => id)
    await setStatus(enabled, DISABLED)
    const ids = keys.map(({ id }) => id)
    const message = `removal ${ids[0]} ${Date.now()}`
    const end = () => {
      clearTimeout(pending.get(message)?.timer)
      pending.delete(message)
      notifications.hide(message)
      changed()
    }
    const conclude = async (last: () => Promise<unknown>) => {
      end()
      await last().catch((failure: unknown) => tell(failure))
      await refreshKeys(queryClient)
    }
    const finish = () => conclude(() => deleteKeys(ids))
    const undo = () => conclude(() => setStatus(enabled, ENABLED))
    pending.set(message, { ids, timer: setTimeout(() => void finish(), UNDO_MS) })
    show(message, { keys, undo })
    changed()
    await refreshKeys(queryClient)
  }
}

/** Whether a key is on its way out. */
export const useIsLeaving = (id: number): boolean =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => [...pending.values()].some(({ ids }) => ids.includes(id)),
  )

interface Shown {
  readonly keys: readonly KeyRecord[]
  readonly undo: () => Promise<void>
}

function show(id: string, shown: Shown): void {
  notifications.show({
    id,
    autoClose: false,
    withCloseButton: false,
    message: <UndoMessage {...shown} />,
  })
}

function UndoMessage({ keys, undo }: Shown) {
  const { t } = useTranslation()
  const [first] = keys
  const says =
    keys.length === 1 && first !== undefined && first.name !== ''
      ? t('keys.removed_named', { name: first.name })
      : t('keys.removed', { count: keys.length })
  return (
    <Group justify="space-between" wrap="nowrap" gap="md">
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        {says}
      </Text>
      <Button size="xs" variant="default" onClick={() => void undo()} style={{ flexShrink: 0 }}>
        {t('keys.undo')}
      </Button>
    </Group>
  )
}
