import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { shellRoute } from '@/app/root'
import { type EventFilter, filterOf } from './filter'

const eventsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'events',
  validateSearch: (search: Record<string, unknown>): EventFilter => filterOf(search),
  component: lazyRouteComponent(() => import('./EventsPage'), 'EventsPage'),
})

const eventRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'events/$id',
  component: lazyRouteComponent(() => import('./EventPage'), 'EventPage'),
})

/** eventsRoutes are the addresses of the events: the list, and each. */
export const eventsRoutes = [eventsRoute, eventRoute]
