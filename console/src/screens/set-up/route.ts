import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { requireSession } from '../../session/require-session.ts'
import { dueStep, SET_UP_STEPS, type SetUpStep } from '../../session/set-up.ts'
import { rootRoute } from '../../shell/root-route.tsx'

interface SetUpSearch {
  /** Where the reader is, so that the same is there after a reload. */
  readonly step?: SetUpStep
}

export const setUpRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/set-up',
  staticData: { title: 'set_up.title' },
  validateSearch: (search: Record<string, unknown>): SetUpSearch => {
    const step = SET_UP_STEPS.find((known) => known === search['step'])
    return step === undefined ? {} : { step }
  },
  beforeLoad: async (arriving) => ({ session: await requireSession(arriving) }),
  loader: ({ context }) => dueStep(context.session),
  component: lazyRouteComponent(() => import('./set-up-screen.tsx'), 'SetUpScreen'),
})
