import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { shellRoute } from '../../shell/shell-route.tsx'

export const walletRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/wallet',
  staticData: { title: 'wallet.title' },
  component: lazyRouteComponent(() => import('./wallet-screen.tsx'), 'WalletScreen'),
})
