import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { statusQuery } from '../../session/status.ts'
import { rootRoute } from '../../shell/root-route.tsx'

export const signUpRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-up',
  staticData: { title: 'sign_up.title' },
  loader: ({ context }) => context.queryClient.ensureQueryData(statusQuery),
  component: lazyRouteComponent(() => import('./sign-up-screen.tsx'), 'SignUpScreen'),
})
