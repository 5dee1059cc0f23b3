import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { shellRoute } from '../../shell/shell-route.tsx'

interface PlaygroundSearch {
  readonly model?: string
}

export const playgroundRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/playground',
  staticData: { title: 'playground.title' },
  validateSearch: (search: Record<string, unknown>): PlaygroundSearch =>
    typeof search['model'] === 'string' && search['model'] !== '' ? { model: search['model'] } : {},
  component: lazyRouteComponent(() => import('./playground-screen.tsx'), 'PlaygroundScreen'),
})
