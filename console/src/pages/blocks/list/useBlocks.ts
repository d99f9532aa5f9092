import { useQueryClient } from '@tanstack/react-query'
import { $api, api, type Schemas } from '@/api/client'
import { hubNow } from '@/clock/hub'
import { useLiveRefresh } from '@/live/LiveProvider'
import { pageSize, usePages } from '@/table/pages'
import type { Block } from '../words'
import { type BlocksSearch, blocksQuery } from './search'

const path = '/api/v1/blocks'
const countsPath = '/api/v1/blocks/counts'

/** useBlocks reads the list that the URL asks for, and keeps it live. */
export function useBlocks({ plan: _, ...filter }: BlocksSearch) {
  useLiveRefresh(['block'], ['get', path], ['get', countsPath])
  return usePages<Block, Schemas['ListBlock']>(['get', path, filter], async (cursor, signal) => {
    const query = { ...blocksQuery(filter, hubNow()), limit: pageSize, ...(cursor ? { cursor } : {}) }
    const { data } = await api.GET(path, { params: { query }, signal })
    return data ?? { items: [] }
  })
}

/** useCounts is how many blocks there are by their state, and at each responder. */
export const useCounts = () => $api.useQuery('get', countsPath)

/** useBlocksChanged reads everything about blocks again. */
export function useBlocksChanged(): () => Promise<void> {
  const queries = useQueryClient()
  return async () => {
    await queries.invalidateQueries({
      predicate: ({ queryKey: [method, key] }) =>
        method === 'get' &&
        typeof key === 'string' &&
        (key.startsWith(path) || key.startsWith('/api/v1/responders')),
    })
  }
}
