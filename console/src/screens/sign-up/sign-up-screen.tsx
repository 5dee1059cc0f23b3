import { Stack, Text } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useLocation } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { tokenIn } from '../../session/one-time-link.ts'
import { statusQuery } from '../../session/status.ts'
import { LinkAnchor } from '../../ui/link-anchor.tsx'
import { SignInFrame } from '../sign-in/frame.tsx'
import { SignUpForm } from './sign-up-form.tsx'

/** Makes an account, where that is open to everybody or to whoever has an invitation. */
export function SignUpScreen() {
  const { t } = useTranslation()
  const { sign_up: mode } = useSuspenseQuery(statusQuery).data.sign_in
  const token = tokenIn(useLocation({ select: ({ hash }) => hash }))
  const isClosed = mode === 'off' || (mode === 'invite' && token === undefined)
  return (
    <SignInFrame
      title={t('sign_up.title')}
      lead={t(token === undefined ? 'sign_up.lead' : 'sign_up.lead_invited')}
    >
      <Stack>
        {isClosed ? (
          <Text>{t(mode === 'off' ? 'sign_up.closed' : 'sign_up.by_invitation')}</Text>
        ) : (
          <SignUpForm token={token} />
        )}
        <LinkAnchor to="/sign-in" size="sm">
          {t('sign_up.to_sign_in')}
        </LinkAnchor>
      </Stack>
    </SignInFrame>
  )
}
