import { useQueryClient } from '@tanstack/react-query'
import { done, failed } from '@/act/notify'
import { $api, api, type Schemas } from '@/api/client'
import { useCan } from '@/session/me'
import { refreshLists } from '@/table/refresh'
import { count } from '@/text/number'

/** mostTurns is how often the alerts of an incident are resolved, so many at a time as the hub takes. */
const mostTurns = 20

/** useOpenAlerts counts the alerts under an incident that are not resolved, and resolves them. */
export function useOpenAlerts(incident: string) {
  const queries = useQueryClient()
  const may = useCan('alerts:write')
  const filter: Schemas['AlertFilter'] = { incident, status: ['open', 'acknowledged'] }
  const { data } = $api.useQuery(
    'get',
    '/api/v1/alerts',
    { params: { query: { ...filter, facets: true, limit: 1 } } },
    { enabled: may },
  )
  const resolve = async (text: string) => {
    try {
      let changed = 0
      for (let turn = 0; turn < mostTurns; turn++) {
        const body = { action: 'resolve' as const, filter, ...(text ? { text } : {}) }
        const { data: said } = await api.POST('/api/v1/alerts/bulk', { body })
        changed += said?.changed ?? 0
        if (!said?.more || said.changed === 0) break
      }
      done(`${count(changed, 'alert')} resolved.`)
    } catch (thrown) {
      failed('Resolving its alerts', thrown)
    }
    refreshLists(queries, '/api/v1/alerts', '/api/v1/incidents/{number}/alerts')
  }
  return { open: data?.facets?.total ?? 0, resolve }
}
