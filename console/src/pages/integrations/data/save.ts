import { useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import { api, type Schemas } from '@/api/client'

/** Change is a merge patch of an integration, in the hub's words. */
export type Change = Record<string, unknown>

/** useSave changes an integration, if nobody else did since the version; else the promise is rejected with a Problem 412. */
export function useSave(integration: Pick<Schemas['Integration'], 'id' | 'version'>) {
  const queries = useQueryClient()
  const { id, version } = integration
  return useCallback(
    async (change: Change) => {
      const { data } = await api.PATCH('/api/v1/integrations/{id}', {
        params: { path: { id }, header: { 'If-Match': `"${version}"` } },
        // A merge patch holds null for what is removed, which the types have no word for.
        body: change as never,
      })
      await queries.invalidateQueries({ queryKey: ['get', '/api/v1/integrations'] })
      await queries.invalidateQueries({ queryKey: ['get', '/api/v1/integrations/{id}'] })
      return data
    },
    [id, version, queries],
  )
}

/** useRefresh reads everything about integrations again. */
export function useRefresh() {
  const queries = useQueryClient()
  return useCallback(async () => {
    await Promise.all(
      [
        '/api/v1/integrations',
        '/api/v1/integrations/{id}',
        '/api/v1/integrations/{id}/stats',
        '/api/v1/stats',
        '/api/v1/responders',
      ].map((path) => queries.invalidateQueries({ queryKey: ['get', path] })),
    )
  }, [queries])
}
