import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { api } from '@/api/client'
import { useLiveRefresh } from '@/live/LiveProvider'
import type { Filter } from './search'

const facetsKey = ['get', '/api/v1/alerts', 'facets'] as const

/** useFacets counts the alerts of a filter by value, and by status whatever status is asked for. */
export function useFacets(filter: Filter) {
  useLiveRefresh(['alert'], facetsKey)
  const { status: _, ...anyStatus } = filter
  const chosen = useCount(filter)
  const every = useCount(anyStatus)
  return { facets: chosen.data, statuses: every.data?.status, error: chosen.error }
}

function useCount(filter: Filter) {
  return useQuery({
    queryKey: [...facetsKey, filter],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const params = { query: { ...filter, facets: true, limit: 1 } }
      return (await api.GET('/api/v1/alerts', { params, signal })).data?.facets
    },
  })
}
