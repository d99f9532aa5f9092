import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { shellRoute } from '@/app/root'

const docsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'docs',
  component: lazyRouteComponent(() => import('./DocsPage'), 'DocsPage'),
})

const indexRoute = createRoute({
  getParentRoute: () => docsRoute,
  path: '/',
  component: lazyRouteComponent(() => import('./Start'), 'Start'),
})

const connectorsRoute = createRoute({
  getParentRoute: () => docsRoute,
  path: 'connectors/{-$kind}',
  component: lazyRouteComponent(() => import('./Connectors'), 'Connectors'),
})

const eventTypesRoute = createRoute({
  getParentRoute: () => docsRoute,
  path: 'events/{-$type}',
  component: lazyRouteComponent(() => import('./EventTypes'), 'EventTypes'),
})

const alertTypesRoute = createRoute({
  getParentRoute: () => docsRoute,
  path: 'alert-types',
  component: lazyRouteComponent(() => import('./AlertTypes'), 'AlertTypes'),
})

const attackRoute = createRoute({
  getParentRoute: () => docsRoute,
  path: 'attack',
  component: lazyRouteComponent(() => import('./Attack'), 'Attack'),
})

const handbookRoute = createRoute({
  getParentRoute: () => docsRoute,
  path: 'handbook/{-$page}',
  component: lazyRouteComponent(() => import('./Handbook'), 'Handbook'),
})

/** docsRoutes are the addresses of the docs. */
export const docsRoutes = [
  docsRoute.addChildren([
    indexRoute,
    connectorsRoute,
    eventTypesRoute,
    alertTypesRoute,
    attackRoute,
    handbookRoute,
  ]),
]
