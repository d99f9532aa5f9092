import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import { $api } from '@/api/client'
import { integrationsQuery } from '@/integration/integrations'
import { useLive, useLiveRefresh } from '@/live/LiveProvider'
import { useCan } from '@/session/me'

/** useIntegrations gives all integrations of the account. */
export const useIntegrations = () => useQuery(integrationsQuery)

/** connectorsQuery reads what integrations can be made of. It changes with the hub's version only. */
export const useConnectors = () =>
  $api.useQuery('get', '/api/v1/connectors', {}, { staleTime: 5 * 60_000, select: (data) => data.items })

/** useConnector reads one connector, with its forms and its guide. */
export const useConnector = (kind: string) =>
  $api.useQuery(
    'get',
    '/api/v1/connectors/{kind}',
    { params: { path: { kind } } },
    { staleTime: 5 * 60_000, enabled: kind !== '' },
  )

/** useStats gives how deliveries go, by integration; those who may not see deliveries get nothing. */
export function useStats() {
  const enabled = useCan('deliveries:read')
  useLiveRefresh(['delivery', 'mailbox'], ['get', '/api/v1/stats'])
  return $api.useQuery(
    'get',
    '/api/v1/stats',
    {},
    {
      enabled,
      select: (data) => new Map((data.integrations ?? []).map((each) => [each.integration, each])),
    },
  )
}

/** useSparks gives what went out in the last day, by integration. */
export function useSparks() {
  const enabled = useCan('deliveries:read')
  return $api.useQuery(
    'get',
    '/api/v1/pulse/integrations',
    { params: { query: { window: '24h' } } },
    { enabled, select: (data) => new Map(data.items.map((each) => [each.integration, each.points])) },
  )
}

/** useResponders gives how the integrations that block stand, by id. */
export function useResponders() {
  const enabled = useCan('blocks:read')
  useLiveRefresh(['block'], ['get', '/api/v1/responders'])
  return $api.useQuery(
    'get',
    '/api/v1/responders',
    {},
    { enabled, select: (data) => new Map(data.items.map((each) => [each.id, each])) },
  )
}

/** useHubsOwnChanges reads integrations again when the hub itself may have changed one: when another number of them fails. */
export function useHubsOwnChanges(): void {
  const queries = useQueryClient()
  const before = useRef<number>(undefined)
  useLive('health', (data) => {
    const failing = (data as { failing?: number } | undefined)?.failing
    if (before.current !== undefined && failing !== before.current) {
      void queries.invalidateQueries({ queryKey: ['get', '/api/v1/integrations'] })
      void queries.invalidateQueries({ queryKey: ['get', '/api/v1/stats'] })
    }
    before.current = failing
  })
}
