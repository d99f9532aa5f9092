import { createRoute } from '@tanstack/react-router'
import { shellRoute } from '@/app/root'
import { lazyPart } from '@/part/lazyPart'

const docsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'docs',
  component: lazyPart(() => import('./DocsPage'), 'DocsPage'),
})

const indexRoute = createRoute({
  getParentRoute: () => docsRoute,
  path: '/',
  component: lazyPart(() => import('./Start'), 'Start'),
})

const connectorsRoute = createRoute({
  getParentRoute: () => docsRoute,
  path: 'connectors/{-$kind}',
  component: lazyPart(() => import('./Connectors'), 'Connectors'),
})

const eventTypesRoute = createRoute({
  getParentRoute: () => docsRoute,
  path: 'events/{-$type}',
  component: lazyPart(() => import('./EventTypes'), 'EventTypes'),
})

const alertTypesRoute = createRoute({
  getParentRoute: () => docsRoute,
  path: 'alert-types',
  component: lazyPart(() => import('./AlertTypes'), 'AlertTypes'),
})

const attackRoute = createRoute({
  getParentRoute: () => docsRoute,
  path: 'attack',
  component: lazyPart(() => import('./Attack'), 'Attack'),
})

const handbookRoute = createRoute({
  getParentRoute: () => docsRoute,
  path: 'handbook/{-$page}',
  component: lazyPart(() => import('./Handbook'), 'Handbook'),
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
