import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { asProblem } from './problem'

/** maxTries is how often a read is tried again by itself: when the hub cannot be reached, or is busy. */
const maxTries = 2

/**
 * freshFor is how long what was read is not read again by a component that comes into the page, in milliseconds: those that
 * come together share one read, and whoever comes back to a page sees what happened while nobody there listened.
 */
const freshFor = 1_000

/** newQueryClient makes the cache of what was read. Nothing is read again by a timer: live messages say what changed. */
export function newQueryClient(): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache(),
    mutationCache: new MutationCache(),
    defaultOptions: {
      queries: {
        staleTime: freshFor,
        refetchOnWindowFocus: false,
        retry: (count, thrown) => {
          const { status } = asProblem(thrown)
          return count < maxTries && (status === 0 || status === 429 || status >= 500)
        },
      },
      mutations: { retry: false },
    },
  })
}
