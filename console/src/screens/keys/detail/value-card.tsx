import { Button, Text, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { CopyButton } from '../../../ui/copy-button.tsx'
import { Failure } from '../../../ui/failure.tsx'
import { shortened } from '../key-columns.tsx'
import { type KeyRecord, revealKey } from '../keys.ts'
import classes from './detail.module.css'

/** The value: masked, until somebody asks. That is audited, and forgotten with this screen. */
export function ValueCard({ record }: { readonly record: KeyRecord }) {
  const { t } = useTranslation()
  const revealing = useMutation({ mutationFn: () => revealKey(record.id), gcTime: 0 })
  const value = revealing.data === undefined ? undefined : `sk-${revealing.data.key}`
  return (
    <section className={classes.card} aria-labelledby="value">
      <Title order={2} id="value">
        {t('keys.value')}
      </Title>
      <div className={classes.value}>
        <code>{value ?? shortened(record.key)}</code>
        {value === undefined ? (
          <Button
            size="xs"
            variant="default"
            loading={revealing.isPending}
            onClick={() => revealing.mutate()}
          >
            {t('keys.reveal')}
          </Button>
        ) : (
          <>
            <CopyButton text={value} />
            <Button size="xs" variant="subtle" color="gray" onClick={revealing.reset}>
              {t('keys.hide')}
            </Button>
          </>
        )}
      </div>
      {revealing.isError ? (
        <div style={{ marginTop: 16 }}>
          <Failure failure={revealing.error} />
        </div>
      ) : (
        <Text size="sm" c="dimmed" mt="sm">
          {t('keys.reveal_hint')}
        </Text>
      )}
    </section>
  )
}
