import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { statusQuery } from '../../session/status.ts'
import { rootRoute } from '../../shell/root-route.tsx'

export const resetPasswordRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/reset-password',
  staticData: { title: 'reset.title' },
  loader: ({ context }) => context.queryClient.ensureQueryData(statusQuery),
  component: lazyRouteComponent(() => import('./reset-password-screen.tsx'), 'ResetPasswordScreen'),
})
