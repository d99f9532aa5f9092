import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { shellRoute } from '@/app/root'
import { readSearch } from './search'

const deliveriesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'deliveries',
  validateSearch: readSearch,
  component: lazyRouteComponent(() => import('./DeliveriesPage'), 'DeliveriesPage'),
})

const deliveryRoute = createRoute({
  getParentRoute: () => deliveriesRoute,
  path: '$delivery',
  component: lazyRouteComponent(() => import('./DeliveryDrawer'), 'DeliveryDrawer'),
})

const jobsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'deliveries/jobs',
  component: lazyRouteComponent(() => import('./JobsPage'), 'JobsPage'),
})

const jobRoute = createRoute({
  getParentRoute: () => jobsRoute,
  path: '$job',
  component: lazyRouteComponent(() => import('./JobDrawer'), 'JobDrawer'),
})

/** deliveriesRoutes are the addresses of this page. */
export const deliveriesRoutes = [
  deliveriesRoute.addChildren([deliveryRoute]),
  jobsRoute.addChildren([jobRoute]),
]
