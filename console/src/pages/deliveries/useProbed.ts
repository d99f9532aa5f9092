import { $api } from '@/api/client'
import type { Delivery } from '@/delivery/words'
import { useLiveRefresh } from '@/live/LiveProvider'
import { useCan } from '@/session/me'

/** useProbed says whether a delivery that is not done waits for a receiver that fails and is being probed. */
export function useProbed(row: Delivery): boolean {
  const waits = row.status === 'parked' || row.status === 'waiting' || row.status === 'behind'
  const enabled = useCan('deliveries:read') && waits
  useLiveRefresh(['health'], ['get', '/api/v1/integrations/{id}/stats'])
  const stats = $api.useQuery(
    'get',
    '/api/v1/integrations/{id}/stats',
    { params: { path: { id: row.integration } } },
    { enabled },
  )
  return waits && stats.data?.breaker === 'open'
}
