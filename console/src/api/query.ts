import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { asProblem, noAnswer } from './problem'

/** maxTries is how often a read is tried again by itself: when the hub cannot be reached, or is busy. */
const maxTries = 2

/**
 * freshFor is how long what was read is not read again by a component that comes into the page, in milliseconds: those that
 * come together share one read, and whoever comes back to a page sees what happened while nobody there listened.
 */
const freshFor = 1_000

/** longestWait is how long a read waits before it is tried again by itself, in milliseconds; for longer, people are asked. */
const longestWait = 15_000

/** shallRetry says whether a read that failed so often is tried again by itself. */
export function shallRetry(count: number, thrown: unknown): boolean {
  const { status, code, retryAfter } = asProblem(thrown)
  if (count >= maxTries || code === noAnswer.slow || retryAfter * 1000 > longestWait) return false
  return status === 0 || status === 429 || status >= 500
}

/** waitBefore is how long to wait before a read is tried again, in milliseconds: as the hub said, or longer each time. */
export function waitBefore(count: number, retryAfter: number): number {
  return Math.min(longestWait, Math.max(1_000 * 2 ** count, retryAfter * 1_000))
}

/** newQueryClient makes the cache of what was read. Nothing is read again by a timer: live messages say what changed. */
export function newQueryClient(): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache(),
    mutationCache: new MutationCache(),
    defaultOptions: {
      queries: {
        staleTime: freshFor,
        refetchOnWindowFocus: false,
        retry: shallRetry,
        retryDelay: (count, thrown) => waitBefore(count, asProblem(thrown).retryAfter),
      },
      mutations: { retry: false },
    },
  })
}
