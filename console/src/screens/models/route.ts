import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { exactSearch } from '../../shell/exact-search.ts'
import { shellRoute } from '../../shell/shell-route.tsx'

export interface ModelsSearch {
  /** Part of the id. */
  readonly q?: string
  readonly provider?: string
  /** One of the account's groups. */
  readonly group?: string
}

const NAMES = ['q', 'provider', 'group'] as const

/** What an address says; nonsense is left out. */
const readSearch = (search: Record<string, unknown>): ModelsSearch =>
  Object.fromEntries(
    NAMES.map((name) => [name, search[name]]).filter(
      ([, value]) => typeof value === 'string' && value !== '',
    ),
  )

export const modelsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/models',
  staticData: { title: 'models.title' },
  validateSearch: exactSearch(readSearch),
  component: lazyRouteComponent(() => import('./models-screen.tsx'), 'ModelsScreen'),
})
