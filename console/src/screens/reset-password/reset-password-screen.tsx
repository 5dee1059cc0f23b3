import { Stack, Text } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useLocation } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { tokenIn } from '../../session/one-time-link.ts'
import { statusQuery } from '../../session/status.ts'
import { LinkAnchor } from '../../ui/link-anchor.tsx'
import { SignInFrame } from '../sign-in/frame.tsx'
import { AskForLink } from './ask-for-link.tsx'
import { NewPasswordForm } from './new-password-form.tsx'

/** Where a one-time link leads, and where one is asked for. */
export function ResetPasswordScreen() {
  const { t } = useTranslation()
  const { email } = useSuspenseQuery(statusQuery).data.sign_in
  const token = tokenIn(useLocation({ select: ({ hash }) => hash }))
  if (token !== undefined) {
    return (
      <SignInFrame title={t('reset.title')} lead={t('reset.lead')}>
        <NewPasswordForm token={token} />
      </SignInFrame>
    )
  }
  return (
    <SignInFrame title={t('reset.title')} lead={t('reset.ask_lead')}>
      <Stack>
        {email ? <AskForLink /> : <Text>{t('reset.ask_administrator')}</Text>}
        <LinkAnchor to="/sign-in" size="sm">
          {t('reset.to_sign_in')}
        </LinkAnchor>
      </Stack>
    </SignInFrame>
  )
}
