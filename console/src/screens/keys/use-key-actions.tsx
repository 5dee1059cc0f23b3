import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiFailure } from '../../api/failure.ts'
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx'
import type { KeyActions } from './key-menu-items.tsx'
import { DISABLED, ENABLED, type KeyRecord, refreshKeys, setStatus } from './keys.ts'
import { nameOf } from './name-of.ts'
import { useRemoveKeys } from './removals.tsx'
import { useTellFailure } from './use-tell-failure.ts'

interface Change {
  readonly keys: readonly KeyRecord[]
  readonly status: typeof ENABLED | typeof DISABLED
}

/** The deeds, and the dialog that some ask with: put `dialog` on the screen. `onDone` is told when one is done. */
export function useKeyActions(onDone: (removed: boolean) => void) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const tell = useTellFailure()
  const remove = useRemoveKeys()
  const [leaving, setLeaving] = useState<readonly KeyRecord[]>([])
  const changing = useMutation({
    mutationFn: ({ keys, status }: Change) =>
      setStatus(
        keys.map(({ id }) => id),
        status,
      ),
    async onSuccess(refused, { keys }) {
      await refreshKeys(queryClient)
      for (const { id, code, message } of refused) {
        const record = keys.find((one) => one.id === id)
        tell(new ApiFailure(code, message), record && nameOf(record, t))
      }
      onDone(false)
    },
    onError: (failure) => tell(failure),
  })
  const removing = useMutation({
    mutationFn: remove,
    onSuccess() {
      setLeaving([])
      onDone(true)
    },
  })
  const { mutate: changeStatus } = changing
  const actions = useMemo<KeyActions>(
    () => ({
      onEnable: (keys) => changeStatus({ keys, status: ENABLED }),
      onDisable: (keys) => changeStatus({ keys, status: DISABLED }),
      onDelete: setLeaving,
    }),
    [changeStatus],
  )
  const [first] = leaving
  const dialog = (
    <ConfirmDialog
      opened={leaving.length > 0}
      title={t('keys.delete_title', { count: leaving.length })}
      verb={t('keys.delete_verb', { count: leaving.length })}
      pending={removing.isPending}
      failure={removing.error}
      onConfirm={() => removing.mutate(leaving)}
      onClose={() => setLeaving([])}
    >
      {leaving.length === 1 && first !== undefined
        ? t('keys.delete_one', { name: nameOf(first, t) })
        : t('keys.delete_several', { count: leaving.length })}
    </ConfirmDialog>
  )
  return { actions, dialog, pending: changing.isPending }
}
