import { Autocomplete, Button, Group, Stack, Text, TextInput, Title } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Failure } from '../../../ui/failure.tsx'
import { checkKey, type KeyRecord, modelsQuery } from '../keys.ts'
import { CheckOutcome } from './check-outcome.tsx'
import classes from './detail.module.css'

/** Asks the gateway whether a call would pass now, and why not. Nothing is spent. */
export function CheckCard({ record }: { readonly record: KeyRecord }) {
  const { t } = useTranslation()
  const { data: served = [] } = useQuery(modelsQuery)
  const [model, setModel] = useState('')
  const [ip, setIp] = useState('')
  const [isOffering, setOffering] = useState(false)
  const checking = useMutation({
    mutationFn: () =>
      checkKey(record.id, {
        ...(model.trim() !== '' && { model: model.trim() }),
        ...(ip.trim() !== '' && { ip: ip.trim() }),
      }),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setOffering(false)
    checking.mutate()
  }
  return (
    <section className={classes.card} aria-labelledby="check">
      <Title order={2} id="check" mb={0}>
        {t('keys.check.title')}
      </Title>
      <Text size="sm" c="dimmed" mb="md">
        {t('keys.check.lead')}
      </Text>
      <form noValidate onSubmit={submit}>
        <Stack>
          <Group grow align="flex-end" preventGrowOverflow={false}>
            <Autocomplete
              label={t('keys.check.model')}
              placeholder={t('keys.check.any')}
              data={[...served]}
              limit={100}
              value={model}
              onChange={setModel}
              dropdownOpened={isOffering}
              onDropdownOpen={() => setOffering(true)}
              onDropdownClose={() => setOffering(false)}
              miw={140}
            />
            <TextInput
              label={t('keys.check.ip')}
              placeholder={t('keys.check.own_ip')}
              value={ip}
              onChange={(event) => setIp(event.currentTarget.value)}
              miw={140}
            />
          </Group>
          <Group>
            <Button type="submit" variant="default" loading={checking.isPending}>
              {t('keys.check.ask')}
            </Button>
          </Group>
        </Stack>
      </form>
      <div aria-live="polite">
        {checking.isError ? <Failure failure={checking.error} /> : null}
        {checking.data === undefined ? null : <CheckOutcome outcome={checking.data} />}
      </div>
    </section>
  )
}
