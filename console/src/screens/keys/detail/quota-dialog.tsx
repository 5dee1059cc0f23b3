import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failure } from '../../../ui/failure.tsx'
import { Money } from '../../../ui/money.tsx'
import { useOnce } from '../../../ui/use-once.ts'
import { AmountField } from '../form/amount-field.tsx'
import { type Amount, unitsOf } from '../form/key-form.ts'
import { changeQuota, type KeyRecord, refreshKeys } from '../keys.ts'

interface QuotaDialogProps {
  readonly record: KeyRecord
  readonly opened: boolean
  readonly onClose: () => void
}

/** Adds to the quota, or takes from it, whatever calls spend meanwhile. */
export function QuotaDialog({ record, opened, onClose }: QuotaDialogProps) {
  const { t } = useTranslation()
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('keys.add_quota')}
      closeButtonProps={{ 'aria-label': t('ui.cancel') }}
      centered
    >
      <QuotaForm record={record} onClose={onClose} />
    </Modal>
  )
}

const NOTHING: Amount = { value: '', unit: 'dollars' }

function QuotaForm({ record, onClose }: Omit<QuotaDialogProps, 'opened'>) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const [amount, setAmount] = useState(NOTHING)
  const [reason, setReason] = useState('')
  const delta = unitsOf(amount)
  const once = useOnce()
  const changing = useMutation({
    mutationFn: (units: number) =>
      once((attempt) => changeQuota(record.id, { delta: units, reason }, attempt)),
    async onSuccess() {
      await refreshKeys(queryClient)
      onClose()
    },
  })
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (delta) changing.mutate(delta)
      }}
    >
      <Stack>
        <AmountField
          label={t('keys.quota_delta')}
          amount={amount}
          autoFocus
          signed
          onChange={setAmount}
        />
        <Text size="sm" role="status">
          {t('keys.quota_after')} <Money units={Math.max(0, record.remain_quota + (delta ?? 0))} />
        </Text>
        <TextInput
          label={t('keys.quota_reason')}
          maxLength={256}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        {changing.isError ? <Failure failure={changing.error} /> : null}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onClose}>
            {t('ui.cancel')}
          </Button>
          <Button type="submit" loading={changing.isPending} disabled={!delta}>
            {t(delta !== undefined && delta < 0 ? 'keys.quota_take' : 'keys.quota_add')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
