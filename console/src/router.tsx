import type { QueryClient } from '@tanstack/react-query'
import { createRoute, createRouter, redirect } from '@tanstack/react-router'
import { editKeyRoute, keyRoute, keysRoute, newKeyRoute } from './screens/keys/route.ts'
import { modelsRoute } from './screens/models/route.ts'
import { overviewRoute } from './screens/overview/route.ts'
import { playgroundRoute } from './screens/playground/route.ts'
import { resetPasswordRoute } from './screens/reset-password/route.ts'
import { setUpRoute } from './screens/set-up/route.ts'
import { settingsRoutes } from './screens/settings/route.ts'
import { signInRoute } from './screens/sign-in/route.ts'
import { signUpRoute } from './screens/sign-up/route.ts'
import { usageRoute } from './screens/usage/route.ts'
import { walletRoute } from './screens/wallet/route.ts'
import { rootRoute } from './shell/root-route.tsx'
import { shellRoute } from './shell/shell-route.tsx'
import { NotFound } from './ui/not-found.tsx'
import { ScreenFailure } from './ui/screen-failure.tsx'
import { ScreenSkeleton } from './ui/screen-skeleton.tsx'

const startRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/',
  beforeLoad: () => redirect({ to: '/overview', replace: true, throw: true }),
})

/** Every screen. Those below the shell are shown to whoever is signed in. */
const routeTree = rootRoute.addChildren([
  signInRoute,
  signUpRoute,
  resetPasswordRoute,
  setUpRoute,
  shellRoute.addChildren([
    startRoute,
    overviewRoute,
    keysRoute,
    newKeyRoute,
    keyRoute,
    editKeyRoute,
    modelsRoute,
    usageRoute,
    playgroundRoute,
    walletRoute,
    settingsRoutes,
  ]),
])

export function createConsoleRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree,
    basepath: '/console',
    context: { queryClient },
    defaultPreload: 'intent',
    // TanStack Query knows how fresh things are.
    defaultPreloadStaleTime: 0,
    scrollRestoration: true,
    defaultPendingComponent: ScreenSkeleton,
    defaultErrorComponent: ScreenFailure,
    defaultNotFoundComponent: NotFound,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>
  }
}
