import { createRoute, redirect } from '@tanstack/react-router'
import { requireSession } from '../session/require-session.ts'
import { rootRoute } from './root-route.tsx'
import { Shell } from './shell.tsx'

/** Around every screen that needs somebody who is signed in, with a password of their own. */
export const shellRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'shell',
  async beforeLoad(arriving) {
    const session = await requireSession(arriving)
    if (session.password_change_due) {
      return redirect({ to: '/set-up', replace: true, throw: true })
    }
    return { session }
  },
  component: Shell,
})
