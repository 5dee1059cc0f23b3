import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { createQueryClient } from './api/query-client.ts'
import { createConsoleRouter } from './router.tsx'
import { forgetSession } from './session/session.ts'
import { styleNonce } from './style-nonce.ts'
import { theme } from './theme.ts'

const queryClient = createQueryClient(toSignIn)
const router = createConsoleRouter(queryClient)

/** To the sign-in, and back afterwards. The screen that is left must not show what it knew to whoever comes next. */
function toSignIn(): void {
  const { pathname, href } = router.state.location
  if (pathname === '/sign-in') return
  forgetSession(queryClient)
  void router.navigate({ to: '/sign-in', search: { return: href } })
}

/**
 * Has everything on its way that the address needs - who is signed in, the code of the screen, what it shows -, all at
 * once and before there is anything to show.
 */
export function beginLoading(): void {
  const [matchedRoutes] = router.getMatchedRoutes(router.latestLocation.pathname)
  for (const route of matchedRoutes) void router.loadRouteChunk(route)
  void router.load()
}

export function App() {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={styleNonce}>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
        <Notifications position="bottom-center" zIndex={400} />
      </QueryClientProvider>
    </MantineProvider>
  )
}
