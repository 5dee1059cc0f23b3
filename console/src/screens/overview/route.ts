import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { type Period, readPeriod } from '../../format/period.ts'
import { shellRoute } from '../../shell/shell-route.tsx'
import { GROUPINGS, type Grouping, MEASURES, type Measure } from './measures.ts'

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
  validateSearch: readShown,
  component: lazyRouteComponent(() => import('./overview-screen.tsx'), 'OverviewScreen'),
})
