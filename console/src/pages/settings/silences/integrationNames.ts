import { useMemo } from 'react'
import { $api } from '@/api/client'
import { useCan } from '@/session/me'

/** useIntegrationNames reads the account's integrations, to choose from and to name them. */
export function useIntegrationNames() {
  const may = useCan('integrations:read')
  const query = $api.useQuery(
    'get',
    '/api/v1/integrations',
    { params: { query: { limit: 500 } } },
    { enabled: may },
  )
  return useMemo(() => {
    const options = (query.data?.items ?? []).map((each) => ({ value: each.id, label: each.name }))
    const names = new Map(options.map((option) => [option.value, option.label]))
    return { options, nameOf: (id: string) => names.get(id) ?? id }
  }, [query.data])
}
