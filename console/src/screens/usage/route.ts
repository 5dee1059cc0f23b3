import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { type Period, readPeriod } from '../../format/period.ts'
import { exactSearch } from '../../shell/exact-search.ts'
import { shellRoute } from '../../shell/shell-route.tsx'

/** Which calls are listed, and which one is open. */
export interface CallQuery extends Period {
  readonly model?: string
  /** Id of the API key. */
  readonly key?: number
  readonly group?: string
  /** Of HTTP. */
  readonly status?: number
  /** A request id, whole. */
  readonly q?: string
  /** Request id of the call whose details are shown. */
  readonly call?: string
}

const TEXTS = ['model', 'group', 'q', 'call'] as const
const NUMBERS = ['key', 'status'] as const

/** What an address says; nonsense is left out. */
function readQuery(search: Record<string, unknown>): CallQuery {
  // A request id may be all digits, which an address gives as a number.
  const texts = TEXTS.map((name) => [name, String(search[name] ?? '')] as const)
  const numbers = NUMBERS.map((name) => [name, Number(search[name])] as const)
  return {
    ...readPeriod(search),
    ...Object.fromEntries(texts.filter(([, text]) => text !== '')),
    ...Object.fromEntries(numbers.filter(([, value]) => Number.isSafeInteger(value) && value > 0)),
  }
}

export const usageRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/usage',
  staticData: { title: 'usage.title' },
  validateSearch: exactSearch(readQuery),
  component: lazyRouteComponent(() => import('./usage-screen.tsx'), 'UsageScreen'),
})
