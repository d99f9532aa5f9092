import { createRoute } from '@tanstack/react-router'
import { shellRoute } from '@/app/root'
import { onlyKnown } from '@/link/onlyKnown'
import { lazyPart } from '@/part/lazyPart'
import { readSearch } from './search'

const auditRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'audit',
  validateSearch: onlyKnown(readSearch),
  component: lazyPart(() => import('./AuditPage'), 'AuditPage'),
})

const actRoute = createRoute({
  getParentRoute: () => auditRoute,
  path: '$seq',
  component: lazyPart(() => import('./ActDrawer'), 'ActDrawer'),
})

/** auditRoutes are the addresses of this page. */
export const auditRoutes = [auditRoute.addChildren([actRoute])]
