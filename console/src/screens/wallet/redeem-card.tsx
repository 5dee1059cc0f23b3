import { Alert, Button, TextInput } from '@mantine/core'
import { IconCheck } from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiFailure } from '../../api/failure.ts'
import { formatMoney } from '../../format/money.ts'
import { useLocale } from '../../format/use-locale.ts'
import { sessionQuery } from '../../session/session.ts'
import { Card } from '../../ui/card.tsx'
import { Failure } from '../../ui/failure.tsx'
import { useFailureText } from '../../ui/use-failure-text.ts'
import { useOnce } from '../../ui/use-once.ts'
import classes from './redeem-card.module.css'
import { redeem } from './wallet.ts'

/** Refusals that are about the code, which is where they are said. */
const ABOUT_CODE = /^(redemption_\w+|quota_out_of_range|invalid_field)$/

/** Where a code becomes money. */
export function RedeemCard() {
  const { t } = useTranslation()
  const locale = useLocale()
  const failureText = useFailureText()
  const [code, setCode] = useState('')
  const redeeming = useRedeeming(() => setCode(''))
  const { error, data: units } = redeeming
  const isAboutCode = error instanceof ApiFailure && ABOUT_CODE.test(error.code)
  function submit(event: FormEvent) {
    event.preventDefault()
    if (code.trim() !== '') redeeming.mutate(code.trim())
  }
  return (
    <Card title={t('wallet.redeem')} lead={t('wallet.redeem_lead')}>
      <form noValidate onSubmit={submit} className={classes.form}>
        <TextInput
          label={t('wallet.code')}
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
          error={isAboutCode ? failureText(error) : undefined}
          autoComplete="off"
          spellCheck={false}
          maxLength={256}
          className={classes.code}
        />
        <Button type="submit" loading={redeeming.isPending} disabled={code.trim() === ''}>
          {t('wallet.redeem_verb')}
        </Button>
      </form>
      {error && !isAboutCode ? <Failure failure={error} /> : null}
      <div role="status">
        {units === undefined ? null : (
          <Alert color="pine" variant="light" icon={<IconCheck size={20} />}>
            {t('wallet.redeemed', { amount: formatMoney(locale, units) })}
          </Alert>
        )}
      </div>
    </Card>
  )
}

function useRedeeming(onDone: () => void) {
  const queryClient = useQueryClient()
  const once = useOnce()
  return useMutation({
    mutationFn: (code: string) => once((attempt) => redeem(code, attempt)),
    async onSuccess() {
      onDone()
      await Promise.all([
        queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey }),
        queryClient.invalidateQueries({ queryKey: ['wallet'] }),
      ])
    },
  })
}
