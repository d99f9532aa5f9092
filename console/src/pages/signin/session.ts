import { queryOptions } from '@tanstack/react-query'
import { api } from '@/api/client'

/** sessionQuery reads whether this browser is signed in, and whether the hub has an owner at all. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  staleTime: 0,
  retry: false,
  queryFn: async ({ signal }) => (await api.GET('/api/v1/session', { signal })).data ?? null,
})
