import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { shellRoute } from '@/app/root'
import { readSearch } from './search'

export const incidentsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'incidents',
  validateSearch: readSearch,
  component: lazyRouteComponent(() => import('./IncidentsPage'), 'IncidentsPage'),
})

export const incidentRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'incidents/$number',
  component: lazyRouteComponent(() => import('./IncidentPage'), 'IncidentPage'),
})

const rulesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'incidents/rules',
  component: lazyRouteComponent(() => import('./rules/RulesPage'), 'RulesPage'),
})

/** incidentsRoutes are the addresses of this page. */
export const incidentsRoutes = [incidentsRoute, rulesRoute, incidentRoute]
