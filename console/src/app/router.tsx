import type { QueryClient } from '@tanstack/react-query'
import { createRoute, createRouter, defaultStringifySearch } from '@tanstack/react-router'
import { alertsRoutes } from '@/pages/alerts/route'
import { auditRoutes } from '@/pages/audit/route'
import { blocksRoutes } from '@/pages/blocks/route'
import { capturesRoutes } from '@/pages/captures/route'
import { deliveriesRoutes } from '@/pages/deliveries/route'
import { docsRoutes } from '@/pages/docs/route'
import { eventsRoutes } from '@/pages/events/route'
import { incidentsRoutes } from '@/pages/incidents/route'
import { integrationsRoutes } from '@/pages/integrations/route'
import { mailboxRoutes } from '@/pages/mailbox/route'
import { overviewRoutes } from '@/pages/overview/route'
import { settingsRoutes } from '@/pages/settings/route'
import { signInRoutes } from '@/pages/signin/route'
import { NotFound } from '@/state/NotFound'
import { PageFailure } from './PageFailure'
import { rootRoute, shellRoute } from './root'

// Any other address keeps the navigation around it, so that one can go on from there.
const nowhereRoute = createRoute({ getParentRoute: () => shellRoute, path: '$', component: NotFound })

const routeTree = rootRoute.addChildren([
  ...signInRoutes,
  shellRoute.addChildren([
    ...overviewRoutes,
    ...alertsRoutes,
    ...incidentsRoutes,
    ...blocksRoutes,
    ...eventsRoutes,
    ...integrationsRoutes,
    ...deliveriesRoutes,
    ...mailboxRoutes,
    ...capturesRoutes,
    ...auditRoutes,
    ...settingsRoutes,
    ...docsRoutes,
    nowhereRoute,
  ]),
])

/** newRouter makes the router. Pages are loaded when they are first wanted, or when the pointer is over a link to them. */
export const newRouter = (queries: QueryClient) =>
  createRouter({
    routeTree,
    context: { queries },
    defaultPreload: 'intent',
    defaultPreloadStaleTime: 0,
    scrollRestoration: true,
    // A comma needs no escape in a query (RFC 3986 §3.4), and lists are to be read: ?severity=critical,high
    stringifySearch: (search) => defaultStringifySearch(search).replaceAll('%2C', ','),
    defaultNotFoundComponent: NotFound,
    defaultErrorComponent: PageFailure,
  })

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof newRouter>
  }
}
