import type { QueryClient } from '@tanstack/react-query'
import { createRootRouteWithContext, Outlet, useMatches, useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import type { TextKey } from '../i18n/i18n.ts'

declare module '@tanstack/react-router' {
  interface StaticDataRouteOption {
    /** Names the screen in the browser's tab. */
    title?: TextKey
  }
}

interface RouterContext {
  readonly queryClient: QueryClient
}

export const rootRoute = createRootRouteWithContext<RouterContext>()({ component: Root })

function Root() {
  useDocumentTitle()
  useFocusOnHeading()
  return <Outlet />
}

function useDocumentTitle(): void {
  const { t } = useTranslation()
  const titles = useMatches({ select: (matches) => matches.map((match) => match.staticData.title) })
  const title = titles.findLast((one) => one !== undefined)
  const shown = title === undefined ? 'Turnpike' : `${t(title)} · Turnpike`
  useEffect(() => {
    document.title = shown
  }, [shown])
}

/** Whoever can't see that the screen has changed hears its heading, and goes on from there with the keyboard. */
function useFocusOnHeading(): void {
  const router = useRouter()
  useEffect(
    () =>
      router.subscribe('onRendered', ({ fromLocation, pathChanged }) => {
        if (fromLocation === undefined || !pathChanged) return
        document.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true })
      }),
    [router],
  )
}
