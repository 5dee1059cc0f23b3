import { Alert, Group } from '@mantine/core'
import { useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { forgetSession, sessionQuery } from '../../session/session.ts'
import { isSetUpDue } from '../../session/set-up.ts'
import { statusQuery } from '../../session/status.ts'
import { LinkAnchor } from '../../ui/link-anchor.tsx'
import { CodeForm } from './code-form.tsx'
import { SignInFrame } from './frame.tsx'
import { OtherWays } from './other-ways.tsx'
import { PasswordForm } from './password-form.tsx'

const route = getRouteApi('/sign-in')

/** The way in: a password, then the second factor of who has one; or another way altogether. */
export function SignInScreen() {
  const { t } = useTranslation()
  const [codeDue, setCodeDue] = useState(false)
  const { sign_in: ways } = useSuspenseQuery(statusQuery).data
  const { return: wanted, error } = route.useSearch()
  const enter = useEnter()
  if (codeDue) {
    return (
      <SignInFrame title={t('sign_in.code_title')} lead={t('sign_in.code_lead')}>
        <CodeForm onSignedIn={enter} onBack={() => setCodeDue(false)} />
      </SignInFrame>
    )
  }
  return (
    <SignInFrame title={t('sign_in.title')} lead={t('sign_in.lead')}>
      {error === undefined ? null : <RefusedElsewhere error={error} />}
      <PasswordForm onSignedIn={enter} onCodeDue={() => setCodeDue(true)} />
      <OtherWays ways={ways} returnTo={ownAddress(wanted)} onSignedIn={enter} />
      <Group justify="space-between" gap="sm" mt="lg">
        <LinkAnchor to="/reset-password" size="sm">
          {t('sign_in.forgotten')}
        </LinkAnchor>
        {ways.sign_up === 'open' ? (
          <LinkAnchor to="/sign-up" size="sm">
            {t('sign_in.no_account')}
          </LinkAnchor>
        ) : null}
      </Group>
    </SignInFrame>
  )
}

/** Why whoever comes back from another provider is not signed in. */
function RefusedElsewhere({ error }: { readonly error: string }) {
  const { t } = useTranslation()
  const why = WHY[error as keyof typeof WHY] ?? 'sign_in.elsewhere_failed'
  return (
    <Alert role="alert" color="red" variant="light" title={t('ui.failed')} mb="md">
      {t(why)}
    </Alert>
  )
}

/** By better-auth's codes. */
const WHY = {
  signup_disabled: 'sign_in.elsewhere_closed',
  account_not_linked: 'sign_in.elsewhere_not_linked',
} as const

/** Leads on to where the reader wanted to go, and knows nothing of whoever was here before. */
function useEnter(): () => Promise<void> {
  const search = route.useSearch()
  const router = useRouter()
  const queryClient = useQueryClient()
  return async () => {
    forgetSession(queryClient)
    const session = await queryClient.fetchQuery(sessionQuery)
    // A link that was opened before leads on, unless the gateway lets nobody in without a new password.
    if (search.return === undefined && (await isSetUpDue(session))) {
      return router.navigate({ to: '/set-up', replace: true })
    }
    return router.navigate({ href: ownAddress(search.return), replace: true })
  }
}

/** Addresses of other sites must not come in by a link to this screen; `//host` would be one. */
const ownAddress = (wanted: string | undefined): string =>
  wanted !== undefined && /^\/(?![/\\])/.test(wanted) ? wanted : '/'
