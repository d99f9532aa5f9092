import { $api, type Schemas } from '@/api/client'
import { useLiveRefresh } from '@/live/LiveProvider'
import { useCan } from '@/session/me'

/** useIntegration reads one integration. */
export const useIntegration = (id: string) =>
  $api.useQuery('get', '/api/v1/integrations/{id}', { params: { path: { id } } })

/** useIntegrationStats reads how deliveries of an integration go; nothing for one that receives none. */
export function useIntegrationStats(id: string, delivers: boolean) {
  const enabled = useCan('deliveries:read') && delivers
  useLiveRefresh(['delivery', 'mailbox'], ['get', '/api/v1/integrations/{id}/stats'])
  return $api.useQuery('get', '/api/v1/integrations/{id}/stats', { params: { path: { id } } }, { enabled })
}

/** Shown is what all tabs of an integration's page are given. */
export interface Shown {
  integration: Schemas['Integration']
  connector: Schemas['Connector'] | undefined
  stats: Schemas['IntegrationStats'] | undefined
  responder: Schemas['Responder'] | undefined
}
