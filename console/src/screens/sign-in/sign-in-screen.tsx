import { Group, Text, Title } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { AppearanceMenu } from '../../shell/appearance-menu.tsx'
import { LanguageMenu } from '../../shell/language-menu.tsx'
import { Logo } from '../../shell/logo.tsx'
import { Barrier } from './barrier.tsx'
import { PasswordForm } from './password-form.tsx'
import classes from './sign-in-screen.module.css'

const route = getRouteApi('/sign-in')

/** The way in. Other ways than the password stand below its form. */
export function SignInScreen() {
  const { t } = useTranslation()
  const search = route.useSearch()
  const router = useRouter()
  const queryClient = useQueryClient()
  async function enter() {
    queryClient.clear()
    await router.navigate({ href: ownAddress(search.return), replace: true })
  }
  return (
    <div className={classes.screen}>
      <main className={classes.way}>
        <Group justify="space-between">
          <Logo />
          <Group gap="sm">
            <LanguageMenu />
            <AppearanceMenu />
          </Group>
        </Group>
        <div className={classes.form}>
          <Title order={1} tabIndex={-1}>
            {t('sign_in.title')}
          </Title>
          <Text c="dimmed" mb="lg">
            {t('sign_in.lead')}
          </Text>
          <PasswordForm onSignedIn={enter} />
        </div>
      </main>
      <aside className={classes.poster}>
        <Barrier />
        <Text component="p" className={classes.motto}>
          {t('sign_in.motto')}
        </Text>
        <Text component="p" className={classes.more}>
          {t('sign_in.motto_more')}
        </Text>
      </aside>
    </div>
  )
}

/** Addresses of other sites must not come in by a link to this screen; `//host` would be one. */
const ownAddress = (wanted: string | undefined): string =>
  wanted !== undefined && /^\/(?![/\\])/.test(wanted) ? wanted : '/'
