import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { type Period, readPeriod } from '../../format/period.ts'
import { exactSearch } from '../../shell/exact-search.ts'
import { shellRoute } from '../../shell/shell-route.tsx'
import { GROUPINGS, type Grouping, MEASURES, type Measure } from './measures.ts'
import { balanceQuery, figuresQuery, seriesQuery, stepOf } from './overview.ts'

/** What the overview shows. */
export interface Shown extends Period {
  readonly by?: Grouping
  readonly measure?: Measure
  readonly step?: 'hour' | 'day'
}

/** What an address says of it; nonsense is left out. */
function readShown(search: Record<string, unknown>): Shown {
  const by = GROUPINGS.find((name) => name === search['by'])
  const measure = MEASURES.find((name) => name === search['measure'])
  const step = (['hour', 'day'] as const).find((name) => name === search['step'])
  return {
    ...readPeriod(search),
    ...(by && { by }),
    ...(measure && { measure }),
    ...(step && { step }),
  }
}

export const overviewRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/overview',
  staticData: { title: 'overview.title' },
  validateSearch: exactSearch<Shown>(readShown),
  loaderDeps: ({ search }) => search,
  // Asked while the screen's code is on its way. What fails is told by the screen, which asks again.
  loader({ context: { queryClient }, deps: shown }) {
    void queryClient.prefetchQuery(balanceQuery)
    void queryClient.prefetchQuery(figuresQuery(shown))
    for (const by of new Set([shown.by ?? 'model', 'model', 'key'] as const)) {
      void queryClient.prefetchQuery(seriesQuery(shown, by, stepOf(shown)))
    }
  },
  component: lazyRouteComponent(() => import('./overview-screen.tsx'), 'OverviewScreen'),
})
