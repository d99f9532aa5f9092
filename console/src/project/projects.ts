import { queryOptions, useQuery } from '@tanstack/react-query'
import { api } from '@/api/client'
import { readAll } from '@/api/readAll'

/** namesKeep is how long, in milliseconds, what projects are called is taken for known. */
const namesKeep = 60_000

const projectsQuery = queryOptions({
  queryKey: ['get', '/api/v1/projects', 'all'],
  queryFn: ({ signal }) => readAll((query) => api.GET('/api/v1/projects', { params: { query }, signal })),
  staleTime: namesKeep,
})

/** useProjectNames are the names of the account's projects; none while they are on their way. */
export function useProjectNames(): string[] {
  const { data } = useQuery(projectsQuery)
  return data?.map(({ name }) => name) ?? []
}
