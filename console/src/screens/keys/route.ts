import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { shellRoute } from '../../shell/shell-route.tsx'

interface KeysSearch {
  /** Part of the name. */
  readonly q?: string
}

export const keysRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/keys',
  staticData: { title: 'keys.title' },
  validateSearch: (search: Record<string, unknown>): KeysSearch =>
    typeof search['q'] === 'string' && search['q'] !== '' ? { q: search['q'] } : {},
  component: lazyRouteComponent(() => import('./keys-screen.tsx'), 'KeysScreen'),
})
