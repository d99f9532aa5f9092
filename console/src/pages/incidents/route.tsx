import { createRoute } from '@tanstack/react-router'
import { shellRoute } from '@/app/root'
import { onlyKnown } from '@/link/onlyKnown'
import { lazyPart } from '@/part/lazyPart'
import { readSearch } from './search'

export const incidentsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'incidents',
  validateSearch: onlyKnown(readSearch),
  component: lazyPart(() => import('./IncidentsPage'), 'IncidentsPage'),
})

export const incidentRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'incidents/$number',
  component: lazyPart(() => import('./IncidentPage'), 'IncidentPage'),
})

const rulesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'incidents/rules',
  component: lazyPart(() => import('./rules/RulesPage'), 'RulesPage'),
})

/** incidentsRoutes are the addresses of this page. */
export const incidentsRoutes = [incidentsRoute, rulesRoute, incidentRoute]
