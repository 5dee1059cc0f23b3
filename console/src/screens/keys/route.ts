import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { exactSearch } from '../../shell/exact-search.ts'
import { shellRoute } from '../../shell/shell-route.tsx'
import { pageQuery } from '../../ui/use-pages.ts'
import { groupsQuery, type KeyQuery, keyPages, SORTS } from './keys.ts'

const STATUSES = [1, 2, 3, 4]

/** What an address says of the list; nonsense is left out. */
function readQuery({ q, status, group, sort }: Record<string, unknown>): KeyQuery {
  return {
    ...(typeof q === 'string' && q !== '' && { q }),
    ...(typeof status === 'number' && STATUSES.includes(status) && { status }),
    ...(typeof group === 'string' && group !== '' && { group }),
    ...(typeof sort === 'string' &&
      Object.hasOwn(SORTS, sort) && { sort: sort as keyof typeof SORTS }),
  }
}

export const keysRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/keys',
  staticData: { title: 'keys.title' },
  validateSearch: exactSearch(readQuery),
  loaderDeps: ({ search }) => search,
  // Asked while the screen's code is on its way. What fails is told by the screen, which asks again.
  loader({ context: { queryClient }, deps: query }) {
    void queryClient.prefetchQuery(pageQuery(keyPages(query), 1))
    void queryClient.prefetchQuery(groupsQuery)
  },
  component: lazyRouteComponent(() => import('./keys-screen.tsx'), 'KeysScreen'),
})

export const newKeyRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/keys/new',
  staticData: { title: 'keys.create' },
  component: lazyRouteComponent(() => import('./form/new-key-screen.tsx'), 'NewKeyScreen'),
})

const params = {
  parse: ({ keyId }: { keyId: string }) => ({ keyId: Number(keyId) }),
  stringify: ({ keyId }: { keyId: number }) => ({ keyId: String(keyId) }),
}

export const keyRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/keys/$keyId',
  params,
  staticData: { title: 'keys.one' },
  component: lazyRouteComponent(() => import('./detail/key-screen.tsx'), 'KeyScreen'),
})

export const editKeyRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/keys/$keyId/edit',
  params,
  staticData: { title: 'keys.edit' },
  component: lazyRouteComponent(() => import('./form/edit-key-screen.tsx'), 'EditKeyScreen'),
})
