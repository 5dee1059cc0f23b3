import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { useSession } from '../session/use-session.ts'
import { NAVIGATION } from './navigation.ts'
import classes from './navigation-links.module.css'

/** The menu. Links carry `aria-current="page"` where the reader is. */
export function NavigationLinks() {
  const { t } = useTranslation()
  const { role } = useSession()
  return (
    <ul className={classes.list}>
      {NAVIGATION.filter(({ admin }) => admin === undefined || role === 'admin').map(
        ({ to, title, icon: Icon }) => (
          <li key={to}>
            <Link to={to} className={classes.link}>
              <Icon size={18} stroke={1.75} aria-hidden="true" />
              {t(title)}
            </Link>
          </li>
        ),
      )}
    </ul>
  )
}
