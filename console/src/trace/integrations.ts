import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { $api } from '@/api/client'
import { useCan } from '@/session/me'

/** statsQuery counts what became of the account's events, in all and at each integration. */
export const statsQuery = () => $api.queryOptions('get', '/api/v1/stats')

/** Named is what a list says of an integration. */
export interface Named {
  name: string
  kind: string
}

/** useIntegrationNames are the names and kinds of the account's integrations by id, for those who may read deliveries. */
export function useIntegrationNames(): {
  names: ReadonlyMap<string, Named>
  loading: boolean
  error: unknown
} {
  const allowed = useCan('deliveries:read')
  const query = useQuery({ ...statsQuery(), enabled: allowed })
  const names = useMemo(
    () =>
      new Map(query.data?.integrations.map(({ integration, name, kind }) => [integration, { name, kind }])),
    [query.data],
  )
  return { names, loading: allowed && query.isPending, error: query.error }
}
