import { createRoute, redirect } from '@tanstack/react-router'
import { isSignedOut } from '../api/failure.ts'
import { sessionQuery } from '../session/session.ts'
import { rootRoute } from './root-route.tsx'
import { Shell } from './shell.tsx'

/** Around every screen that needs somebody who is signed in. */
export const shellRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'shell',
  async beforeLoad({ context, location }) {
    try {
      return { session: await context.queryClient.ensureQueryData(sessionQuery) }
    } catch (failure) {
      if (!isSignedOut(failure)) throw failure
      return redirect({
        to: '/sign-in',
        search: { return: location.href },
        replace: true,
        throw: true,
      })
    }
  },
  component: Shell,
})
