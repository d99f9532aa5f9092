import { queryOptions, useQuery } from '@tanstack/react-query'
import { api, type Schemas } from '@/api/client'

/** pageOf is how many projects are asked for at once, and mostPages how many pages are read: more than anybody chooses from. */
const pageOf = 500
const mostPages = 10

/** namesKeep is how long, in milliseconds, what projects are called is taken for known. */
const namesKeep = 60_000

const projectsQuery = queryOptions({
  queryKey: ['get', '/api/v1/projects', 'all'],
  queryFn: async ({ signal }) => {
    const all: Schemas['Project'][] = []
    let cursor: string | undefined
    for (let page = 0; page < mostPages; page++) {
      const { data } = await api.GET('/api/v1/projects', {
        params: { query: { limit: pageOf, cursor } },
        signal,
      })
      all.push(...(data?.items ?? []))
      cursor = data?.next || undefined
      if (!cursor) break
    }
    return all
  },
  staleTime: namesKeep,
})

/** useProjectNames are the names of the account's projects; none while they are on their way. */
export function useProjectNames(): string[] {
  const { data } = useQuery(projectsQuery)
  return data?.map(({ name }) => name) ?? []
}
