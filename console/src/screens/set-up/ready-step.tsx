import { Button, Group, NativeSelect, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../../api/client.ts'
import { Failure } from '../../ui/failure.tsx'
import { Secret } from '../../ui/secret.tsx'
import { Snippets } from '../../ui/snippets.tsx'

interface ReadyStepProps {
  /** Undefined when none was made here, or the page was loaded again since. */
  readonly apiKey: string | undefined
  readonly onDone: () => Promise<void>
}

/** The first call, to be copied. */
export function ReadyStep({ apiKey, onDone }: ReadyStepProps) {
  const { t } = useTranslation()
  const models = useQuery({ queryKey: ['set-up', 'models'], queryFn: fetchModels })
  const [chosen, setChosen] = useState<string>()
  const model = chosen ?? cheapest(models.data ?? [])
  return (
    <Stack>
      {apiKey === undefined ? (
        <Text size="sm">{t('set_up.no_key')}</Text>
      ) : (
        <Secret label={t('set_up.your_key')} value={apiKey} hint={t('keys.keep')} />
      )}
      {models.isError ? (
        <Failure failure={models.error} onRetry={() => void models.refetch()} />
      ) : (
        <NativeSelect
          label={t('set_up.model')}
          data={(models.data ?? []).map(({ id }) => id)}
          value={model ?? ''}
          onChange={(event) => setChosen(event.currentTarget.value)}
        />
      )}
      <Snippets apiKey={apiKey} model={model} />
      <Group justify="flex-end">
        <Button onClick={() => void onDone()}>{t('set_up.finish')}</Button>
      </Group>
    </Stack>
  )
}

const fetchModels = () => unwrap(api.GET('/api/models'))
type Model = Awaited<ReturnType<typeof fetchModels>>[number]

const SIMULATOR = 'turnpike-simulator'

/** A first try should cost little, but come from a provider. What has no price for output is no model for chats, or free. */
function cheapest(models: readonly Model[]): string | undefined {
  const priceOf = ({ pricing }: Model) => (pricing.input ?? 0) + (pricing.output ?? 0)
  const real = models.filter(({ id }) => id !== SIMULATOR)
  const paid = real.filter(({ pricing }) => (pricing.output ?? 0) > 0)
  const [first] = paid.toSorted((a, b) => priceOf(a) - priceOf(b))
  return (first ?? real[0] ?? models[0])?.id
}
