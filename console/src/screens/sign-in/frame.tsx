import { Group, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { AppearanceMenu } from '../../shell/appearance-menu.tsx'
import { LanguageMenu } from '../../shell/language-menu.tsx'
import { Logo } from '../../shell/logo.tsx'
import { Barrier } from './barrier.tsx'
import classes from './frame.module.css'

interface SignInFrameProps {
  readonly title: string
  readonly lead: string
  readonly children: ReactNode
}

/** What stands around every page on the way in. */
export function SignInFrame({ title, lead, children }: SignInFrameProps) {
  const { t } = useTranslation()
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
            {title}
          </Title>
          <Text c="dimmed" mt={4} mb="lg">
            {lead}
          </Text>
          {children}
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
