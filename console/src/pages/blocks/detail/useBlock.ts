import { useQueryClient } from '@tanstack/react-query'
import { $api } from '@/api/client'
import { useLiveRefresh } from '@/live/LiveProvider'

const one = '/api/v1/blocks/{id}'
const historyOf = '/api/v1/blocks/{id}/history'

/** useBlock reads a block and its history, and keeps them live. */
export function useBlock(id: string) {
  const init = { params: { path: { id } } }
  useLiveRefresh(['block'], ['get', one, init], ['get', historyOf, init])
  return { block: $api.useQuery('get', one, init), history: $api.useQuery('get', historyOf, init) }
}

/** useBlockChanged reads everything about blocks again: one changed, and the lists with it. */
export function useBlockChanged(): () => Promise<void> {
  const queries = useQueryClient()
  return () =>
    queries.invalidateQueries({
      predicate: ({ queryKey: [method, path] }) =>
        method === 'get' && typeof path === 'string' && path.startsWith('/api/v1/blocks'),
    })
}
