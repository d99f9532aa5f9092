import { createRoute } from '@tanstack/react-router'
import { shellRoute } from '@/app/root'
import { onlyKnown } from '@/link/onlyKnown'
import { lazyPart } from '@/part/lazyPart'
import { statsQuery } from '@/stats/statsQuery'
import { asWindow, type PulseWindow } from './window'

const overviewRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/',
  validateSearch: onlyKnown((search: Record<string, unknown>): { window?: PulseWindow } => {
    const window = asWindow(search.window)
    return window ? { window } : {}
  }),
  // Whether the first steps are shown depends on it; what comes later would push the page down. Who may not read it, or
  // finds the hub down, gets the page all the same.
  loader: ({ context }) => context.queries.ensureQueryData(statsQuery()).catch(() => undefined),
  component: lazyPart(() => import('./OverviewPage'), 'OverviewPage'),
})

/** overviewRoutes are the addresses of this page. */
export const overviewRoutes = [overviewRoute]
