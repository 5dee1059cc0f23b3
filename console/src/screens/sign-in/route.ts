import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { statusQuery } from '../../session/status.ts'
import { rootRoute } from '../../shell/root-route.tsx'

interface SignInSearch {
  /** The address within the console that wanted somebody signed in. */
  readonly return?: string
  /** Why another provider's word did not count here, in better-auth's words. */
  readonly error?: string
}

export const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  staticData: { title: 'sign_in.title' },
  validateSearch: (search: Record<string, unknown>): SignInSearch => ({
    ...(typeof search['return'] === 'string' ? { return: search['return'] } : {}),
    ...(typeof search['error'] === 'string' ? { error: search['error'] } : {}),
  }),
  // Which ways there are, before the first of them is shown: nothing jumps.
  loader: ({ context }) => context.queryClient.ensureQueryData(statusQuery),
  component: lazyRouteComponent(() => import('./sign-in-screen.tsx'), 'SignInScreen'),
})
