import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { shellRoute } from '../../shell/shell-route.tsx'

const settingsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/settings',
  component: lazyRouteComponent(() => import('./settings-frame.tsx'), 'SettingsFrame'),
})

const profileRoute = createRoute({
  getParentRoute: () => settingsRoute,
  path: '/',
  staticData: { title: 'settings.profile' },
  component: lazyRouteComponent(() => import('./profile-screen.tsx'), 'ProfileScreen'),
})

const securityRoute = createRoute({
  getParentRoute: () => settingsRoute,
  path: '/security',
  staticData: { title: 'settings.security' },
  component: lazyRouteComponent(() => import('./security-screen.tsx'), 'SecurityScreen'),
})

const sessionsRoute = createRoute({
  getParentRoute: () => settingsRoute,
  path: '/sessions',
  staticData: { title: 'settings.sessions' },
  component: lazyRouteComponent(() => import('./sessions-screen.tsx'), 'SessionsScreen'),
})

const accessTokensRoute = createRoute({
  getParentRoute: () => settingsRoute,
  path: '/access-tokens',
  staticData: { title: 'settings.access_tokens' },
  component: lazyRouteComponent(() => import('./access-tokens-screen.tsx'), 'AccessTokensScreen'),
})

/** What an account's owner sets for themselves: one screen a matter. */
export const settingsRoutes = settingsRoute.addChildren([
  profileRoute,
  securityRoute,
  sessionsRoute,
  accessTokensRoute,
])
