import { createRoute } from '@tanstack/react-router'
import { shellRoute } from '@/app/root'
import { onlyKnown } from '@/link/onlyKnown'
import { lazyPart } from '@/part/lazyPart'
import { readSearch } from './search'

export const alertsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'alerts',
  validateSearch: onlyKnown(readSearch),
  component: lazyPart(() => import('./AlertsPage'), 'AlertsPage'),
})

/** alertRoute is the same list, with one alert open beside it. */
export const alertRoute = createRoute({
  getParentRoute: () => alertsRoute,
  path: '$id',
  component: lazyPart(() => import('./drawer/AlertDrawer'), 'AlertDrawer'),
})

/** alertsRoutes are the addresses of this page. */
export const alertsRoutes = [alertsRoute.addChildren([alertRoute])]
