import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query'
import { useLive } from '@/live/LiveProvider'

/** Pulse is the live state of the hub as the stream's message "health" has it; rates are per second. */
export interface LiveHealth {
  at: string
  received_per_second: number
  delivered_per_second: number
  backlog: number
  mailbox: number
  failing: number
  alerts_open: number
  incidents_open: number
  blocks_active: number
  blocks_pending: number
  journal_ok: boolean
}

const healthQuery = queryOptions<LiveHealth | null>({
  queryKey: ['live', 'health'],
  queryFn: () => null, // only the stream writes it
  staleTime: Number.POSITIVE_INFINITY,
})

/** useKeepHealth writes the live state where useLiveHealth finds it; the frame calls it once. */
export function useKeepHealth(): void {
  const queries = useQueryClient()
  useLive('health', (data) => queries.setQueryData(healthQuery.queryKey, data as LiveHealth))
}

/** useLiveHealth is the newest live state; undefined until the first has come. */
export const useLiveHealth = (): LiveHealth | undefined => useQuery(healthQuery).data ?? undefined
