import { createRoute } from '@tanstack/react-router'
import { shellRoute } from '@/app/root'
import { onlyKnown } from '@/link/onlyKnown'
import { lazyPart } from '@/part/lazyPart'
import { readSearch } from './search'

const deliveriesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'deliveries',
  validateSearch: onlyKnown(readSearch),
  component: lazyPart(() => import('./DeliveriesPage'), 'DeliveriesPage'),
})

const deliveryRoute = createRoute({
  getParentRoute: () => deliveriesRoute,
  path: '$delivery',
  component: lazyPart(() => import('./DeliveryDrawer'), 'DeliveryDrawer'),
})

const jobsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'deliveries/jobs',
  component: lazyPart(() => import('./JobsPage'), 'JobsPage'),
})

const jobRoute = createRoute({
  getParentRoute: () => jobsRoute,
  path: '$job',
  component: lazyPart(() => import('./JobDrawer'), 'JobDrawer'),
})

/** deliveriesRoutes are the addresses of this page. */
export const deliveriesRoutes = [
  deliveriesRoute.addChildren([deliveryRoute]),
  jobsRoute.addChildren([jobRoute]),
]
