import { useQueries } from '@tanstack/react-query'
import { $api, type Schemas } from '@/api/client'
import { useLiveRefresh } from '@/live/LiveProvider'
import { useCan } from '@/session/me'
import { covering } from './open'

/** mostAsked is of how many addresses one looks whether they are blocked; each is a request. */
const mostAsked = 20

/** mostOverlapping is how many blocks that overlap an address are read. */
const mostOverlapping = 50

/** OpenBlocks are the open blocks of some addresses. */
export interface OpenBlocks {
  /** of is the block that an address is in, if there is one and it was looked for. */
  of: (target: string) => Schemas['Block'] | undefined
  loading: boolean
}

/** useOpenBlocks looks which of the first addresses are blocked, or are to be, and keeps it live. */
export function useOpenBlocks(targets: readonly string[]): OpenBlocks {
  const mayRead = useCan('blocks:read')
  const asked = [...new Set(targets)].slice(0, mostAsked)
  useLiveRefresh(['block'], ['get', '/api/v1/blocks'])
  const found = useQueries({
    queries: asked.map((target) => ({
      ...$api.queryOptions('get', '/api/v1/blocks', {
        params: { query: { state: ['open' as const], target, limit: mostOverlapping } },
      }),
      enabled: mayRead,
    })),
  })
  return {
    of: (target) => covering(target, found[asked.indexOf(target)]?.data?.items ?? []),
    loading: found.some(({ isLoading }) => isLoading),
  }
}
