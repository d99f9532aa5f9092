import { createRoute } from '@tanstack/react-router'
import { shellRoute } from '@/app/root'
import { onlyKnown } from '@/link/onlyKnown'
import { lazyPart } from '@/part/lazyPart'
import { type EventFilter, filterOf } from './filter'

const eventsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'events',
  validateSearch: onlyKnown((search: Record<string, unknown>): EventFilter => filterOf(search)),
  component: lazyPart(() => import('./EventsPage'), 'EventsPage'),
})

const eventRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'events/$id',
  component: lazyPart(() => import('./EventPage'), 'EventPage'),
})

/** eventsRoutes are the addresses of the events: the list, and each. */
export const eventsRoutes = [eventsRoute, eventRoute]
