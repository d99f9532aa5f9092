import { createRoute, redirect } from '@tanstack/react-router'
import { rootRoute } from '@/app/root'
import { onlyKnown } from '@/link/onlyKnown'
import { lazyPart } from '@/part/lazyPart'
import { sessionQuery } from './session'

const readSearch = onlyKnown((search: Record<string, unknown>): { next?: string } =>
  typeof search.next === 'string' && isOwnPath(search.next) ? { next: search.next } : {},
)

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: 'sign-in',
  validateSearch: readSearch,
  beforeLoad: async ({ context, search }) => {
    // A hub that does not answer is the form's to tell.
    const session = await context.queries.fetchQuery(sessionQuery).catch(() => undefined)
    if (session?.signed_in) throw redirect({ href: search.next ?? '/' })
  },
  component: lazyPart(() => import('./SignInPage'), 'SignInPage'),
})

const setupRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: 'setup',
  component: lazyPart(() => import('./SetupPage'), 'SetupPage'),
})

/** isOwnPath says whether a path leads to a page of this console, and nowhere else. */
export function isOwnPath(path: string): boolean {
  return /^\/(?![/\\])/.test(path) && !path.startsWith('/sign-in')
}

/** signInRoutes are the pages for those who are not signed in. */
export const signInRoutes = [signInRoute, setupRoute]
