import { Button, Group, Textarea } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { useFailureText } from '../../../ui/use-failure-text.ts'
import { fetchAddress } from '../keys.ts'
import type { FieldsProps } from './fields.ts'
import { addressFault } from './validate-key.ts'

/** From where the key may be used. What is wrong is said while it is typed. */
export function AddressesField({ form }: FieldsProps) {
  const { t } = useTranslation()
  const failureText = useFailureText()
  const text = form.values.allow_ips
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const asking = useMutation({
    mutationFn: fetchAddress,
    onSuccess(address) {
      if (!lines.includes(address)) form.setFieldValue('allow_ips', [...lines, address].join('\n'))
    },
  })
  const failure = asking.isError ? failureText(asking.error) : undefined
  return (
    <div>
      <Textarea
        label={t('keys.form.addresses')}
        description={t('keys.form.addresses_hint')}
        placeholder={t('keys.form.anywhere')}
        autosize
        minRows={3}
        maxRows={12}
        spellCheck={false}
        autoCapitalize="none"
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
        value={text}
        onChange={(event) => form.setFieldValue('allow_ips', event.currentTarget.value)}
        error={addressFault(text, t) ?? form.errors['allow_ips'] ?? failure}
      />
      <Group mt="sm" gap="sm">
        <Button
          variant="default"
          size="xs"
          loading={asking.isPending}
          onClick={() => asking.mutate()}
        >
          {t('keys.form.my_address')}
        </Button>
      </Group>
    </div>
  )
}
