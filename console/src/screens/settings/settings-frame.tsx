import { Link, type LinkProps, Outlet } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import type { TextKey } from '../../i18n/i18n.ts'
import classes from './settings-frame.module.css'

const MATTERS: readonly { readonly to: NonNullable<LinkProps['to']>; readonly title: TextKey }[] = [
  { to: '/settings', title: 'settings.profile' },
  { to: '/settings/security', title: 'settings.security' },
  { to: '/settings/sessions', title: 'settings.sessions' },
  { to: '/settings/access-tokens', title: 'settings.tokens_tab' },
]

/** The way from one matter of the personal settings to the others. */
export function SettingsFrame() {
  const { t } = useTranslation()
  return (
    <>
      <nav aria-label={t('settings.title')}>
        <ul className={classes.tabs}>
          {MATTERS.map(({ to, title }) => (
            <li key={to}>
              <Link to={to} activeOptions={{ exact: true }} className={classes.tab}>
                {t(title)}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <Outlet />
    </>
  )
}
