import type { QueryClient } from '@tanstack/react-query'
import { createRootRouteWithContext, createRoute, Outlet, redirect } from '@tanstack/react-router'
import { asProblem } from '@/api/problem'
import { meQuery } from '@/session/me'
import { NotFound } from '@/state/NotFound'
import { Shell } from './shell/Shell'

/** rootRoute is above every page, signed in or not. */
export const rootRoute = createRootRouteWithContext<{ queries: QueryClient }>()({
  component: Outlet,
  notFoundComponent: NotFound,
})

/** shellRoute is above every page that needs somebody who is signed in; it has the navigation around it. */
export const shellRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'shell',
  component: Shell,
  beforeLoad: async ({ context, location }) => {
    try {
      await context.queries.ensureQueryData(meQuery)
    } catch (thrown) {
      if (asProblem(thrown).status === 401)
        throw redirect({ to: '/sign-in', search: { next: location.href } })
      throw thrown
    }
  },
})
