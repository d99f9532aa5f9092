import { useMemo } from 'react'
import { $api } from '@/api/client'
import { useCan } from '@/session/me'

/** mostIntegrations is how many integrations are read to name them: what the API gives at most at once. */
const mostIntegrations = 500

/** useIntegrationNames gives the names of the account's integrations by their id, as far as one may see them. */
export function useIntegrationNames(): ReadonlyMap<string, string> {
  const mayRead = useCan('integrations:read')
  const { data } = $api.useQuery(
    'get',
    '/api/v1/integrations',
    { params: { query: { limit: mostIntegrations } } },
    { enabled: mayRead, staleTime: 60_000 },
  )
  return useMemo(() => new Map(data?.items.map((each) => [each.id, each.name])), [data])
}
