import { keepPreviousData, useQueryClient } from '@tanstack/react-query'
import { useMemo, useRef } from 'react'
import { $api } from '@/api/client'
import { useLive } from '@/live/LiveProvider'
import { linesOf } from './lines'
import type { PulseWindow } from './window'

/** usePulse reads the pulse, and again when the hub says that something changed and a step of the window is over. */
export function usePulse(window: PulseWindow) {
  const query = $api.useQuery(
    'get',
    '/api/v1/pulse',
    { params: { query: { window } } },
    { placeholderData: keepPreviousData },
  )
  const sparks = $api.useQuery(
    'get',
    '/api/v1/pulse/integrations',
    { params: { query: { window } } },
    { placeholderData: keepPreviousData },
  )
  const queries = useQueryClient()
  const read = useRef(Date.now())
  const step = (query.data?.step_seconds ?? 10) * 1_000
  useLive('health', () => {
    // What is in the ledger changes with each message; the lines only when a step is over.
    void queries.invalidateQueries({ queryKey: ['get', '/api/v1/stats'] })
    if (Date.now() - read.current < Math.min(step, longestWait)) return
    read.current = Date.now()
    void queries.invalidateQueries({ queryKey: ['get', '/api/v1/pulse'] })
    void queries.invalidateQueries({ queryKey: ['get', '/api/v1/pulse/integrations'] })
  })
  const pulse = query.data
  const lines = useMemo(
    () => (pulse ? linesOf(pulse, query.dataUpdatedAt) : undefined),
    [pulse, query.dataUpdatedAt],
  )
  return { query, lines, sparks }
}

/** longestWait is how long, at most, news wait to be drawn, in milliseconds, however long a step is. */
const longestWait = 30_000
