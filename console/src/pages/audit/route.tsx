import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { shellRoute } from '@/app/root'
import { readSearch } from './search'

const auditRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'audit',
  validateSearch: readSearch,
  component: lazyRouteComponent(() => import('./AuditPage'), 'AuditPage'),
})

const actRoute = createRoute({
  getParentRoute: () => auditRoute,
  path: '$seq',
  component: lazyRouteComponent(() => import('./ActDrawer'), 'ActDrawer'),
})

/** auditRoutes are the addresses of this page. */
export const auditRoutes = [auditRoute.addChildren([actRoute])]
