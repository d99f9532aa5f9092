import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { shellRoute } from '@/app/root'
import { readCatalogueSearch, readListSearch } from './search'

const integrationsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'integrations',
  validateSearch: readListSearch,
  component: lazyRouteComponent(() => import('./list/IntegrationsPage'), 'IntegrationsPage'),
})

const catalogueRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'integrations/catalogue',
  validateSearch: readCatalogueSearch,
  component: lazyRouteComponent(() => import('./catalogue/CataloguePage'), 'CataloguePage'),
})

const addRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'integrations/new/$kind',
  component: lazyRouteComponent(() => import('./add/AddPage'), 'AddPage'),
})

const integrationRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'integrations/$id/{-$tab}',
  component: lazyRouteComponent(() => import('./one/IntegrationPage'), 'IntegrationPage'),
})

/** integrationsRoutes are the addresses of this page. */
export const integrationsRoutes = [integrationsRoute, catalogueRoute, addRoute, integrationRoute]
