import { createRoute } from '@tanstack/react-router'
import { shellRoute } from '@/app/root'
import { onlyKnown } from '@/link/onlyKnown'
import { lazyPart } from '@/part/lazyPart'
import { readCatalogueSearch, readListSearch } from './search'

const integrationsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'integrations',
  validateSearch: onlyKnown(readListSearch),
  component: lazyPart(() => import('./list/IntegrationsPage'), 'IntegrationsPage'),
})

const catalogueRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'integrations/catalogue',
  validateSearch: onlyKnown(readCatalogueSearch),
  component: lazyPart(() => import('./catalogue/CataloguePage'), 'CataloguePage'),
})

const addRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'integrations/new/$kind',
  component: lazyPart(() => import('./add/AddPage'), 'AddPage'),
})

const integrationRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'integrations/$id/{-$tab}',
  component: lazyPart(() => import('./one/IntegrationPage'), 'IntegrationPage'),
})

/** integrationsRoutes are the addresses of this page. */
export const integrationsRoutes = [integrationsRoute, catalogueRoute, addRoute, integrationRoute]
