import { AppShell, Burger, Group } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { Outlet, useRouterState } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { AccountMenu } from './account-menu.tsx'
import { AppearanceMenu } from './appearance-menu.tsx'
import { LanguageMenu } from './language-menu.tsx'
import { Logo } from './logo.tsx'
import { NavigationLinks } from './navigation-links.tsx'
import classes from './shell.module.css'

const MAIN = 'main'
const HEADER_PX = 56
const NAVBAR_PX = 232

/** What stands around every screen: the way to the others, and the menus of account, language and appearance. */
export function Shell() {
  const { t } = useTranslation()
  const [opened, { toggle, close }] = useDisclosure()
  const path = useRouterState({ select: ({ location }) => location.pathname })
  // biome-ignore lint/correctness/useExhaustiveDependencies: a menu that was used is in the way, on a phone.
  useEffect(close, [path])
  return (
    <AppShell
      layout="alt"
      header={{ height: HEADER_PX }}
      navbar={{ width: NAVBAR_PX, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding={0}
    >
      <SkipLink />
      <AppShell.Header className={classes.header}>
        <Burger
          opened={opened}
          onClick={toggle}
          hiddenFrom="sm"
          size="sm"
          lineSize={2}
          aria-label={t('shell.open_navigation')}
        />
        <Group gap="sm" ml="auto">
          <LanguageMenu />
          <AppearanceMenu />
          <AccountMenu />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar
        className={classes.navbar}
        aria-label={t('shell.navigation')}
        data-opened={opened || undefined}
      >
        <div className={classes.brand}>
          <Logo />
          <Burger
            opened
            onClick={close}
            hiddenFrom="sm"
            size="sm"
            aria-label={t('shell.close_navigation')}
          />
        </div>
        <NavigationLinks />
      </AppShell.Navbar>
      <AppShell.Main id={MAIN} tabIndex={-1} className={classes.main}>
        <div className={classes.screen}>
          <Outlet />
        </div>
      </AppShell.Main>
    </AppShell>
  )
}

/** The first stop of the keyboard. The address stays as it is: its hash belongs to the router. */
function SkipLink() {
  const { t } = useTranslation()
  return (
    <a
      href={`#${MAIN}`}
      className={classes.skip}
      onClick={(event) => {
        event.preventDefault()
        document.getElementById(MAIN)?.focus()
      }}
    >
      {t('shell.skip')}
    </a>
  )
}
