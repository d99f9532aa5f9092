import { queryOptions, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { api, type Schemas } from '@/api/client'
import { readAll } from '@/api/readAll'
import { useCan } from '@/session/me'

/** Integration is an integration as the API shows it. */
export type Integration = Schemas['Integration']

/** integrationsQuery reads all integrations of the account. */
export const integrationsQuery = queryOptions({
  queryKey: ['get', '/api/v1/integrations', 'all'],
  queryFn: ({ signal }) => readAll((query) => api.GET('/api/v1/integrations', { params: { query }, signal })),
})

/** namesKeep is how long, in milliseconds, what integrations are called is taken for known. */
export const namesKeep = 60_000

/** useIntegrationsByID are the account's integrations; none while they are on their way or may not be read. */
export function useIntegrationsByID(): ReadonlyMap<string, Integration> {
  const enabled = useCan('integrations:read')
  const { data } = useQuery({ ...integrationsQuery, enabled, staleTime: namesKeep })
  return useMemo(() => new Map((data ?? []).map((each) => [each.id, each])), [data])
}
