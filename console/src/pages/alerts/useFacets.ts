import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { api, type Schemas } from '@/api/client'
import { useLiveRefresh } from '@/live/LiveProvider'
import { type Filter, lists, without } from './search'

const facetsKey = ['get', '/api/v1/alerts', 'facets'] as const

/** useFacets counts the alerts of a filter by value; each facet as if none of its own values were chosen. */
export function useFacets(filter: Filter) {
  useLiveRefresh(['alert'], facetsKey)
  const { data, error, refetch } = useQuery({
    queryKey: [...facetsKey, filter],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => facetsOf(filter, signal),
  })
  return { facets: data, error, retry: () => void refetch() }
}

/** facetsOf asks once for the whole filter, and once more for each facet of which values are chosen. */
async function facetsOf(filter: Filter, signal: AbortSignal): Promise<Schemas['AlertFacets']> {
  const count = async (part: Filter) => {
    const params = { query: { ...part, facets: true, limit: 1 } }
    const { data } = await api.GET('/api/v1/alerts', { params, signal })
    if (!data?.facets) throw new Error('The hub did not count its alerts.')
    return data.facets
  }
  const chosen = lists.filter((name) => filter[name])
  const [all, others] = await Promise.all([
    count(filter),
    Promise.all(chosen.map((name) => count(without(filter, name)))),
  ])
  return { ...all, ...Object.assign({}, ...chosen.map((name, i) => ({ [name]: others[i]?.[name] }))) }
}
