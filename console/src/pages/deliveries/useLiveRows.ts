import { type InfiniteData, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import type { Delivery } from '@/delivery/words'
import { useLive } from '@/live/LiveProvider'
import { firstPage } from '@/table/refresh'
import { type Listed, matches, patch } from './live'
import type { DeliveryFilter } from './search'

/** gatherFor is how long messages are gathered before the list changes, in milliseconds. */
const gatherFor = 400
/** mostGathered is how many deliveries are gathered at most; of more, the first ones count. */
const mostGathered = 2_000
/** mostNew is how far new deliveries are counted; beyond it is "more". */
export const mostNew = 1_000

/**
 * useLiveRows keeps the rows of the list in step with the stream: rows that are there change in place, and others are
 * counted, so that nothing moves under the reader's eyes until they ask for it by show.
 */
export function useLiveRows(key: readonly unknown[], filter: DeliveryFilter) {
  const queries = useQueryClient()
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set())
  const gathered = useRef(new Map<string, Delivery>())
  const timer = useRef(0)
  const where = useRef({ key, filter })
  where.current = { key, filter }
  const name = JSON.stringify(key)

  const flush = useCallback(() => {
    timer.current = 0
    const told = gathered.current
    gathered.current = new Map()
    const queryKey = [...where.current.key, 'pages']
    const result = patch(queries.getQueryData<InfiniteData<Listed>>(queryKey), told)
    queries.setQueryData(queryKey, result.data)
    const more = result.unknown.filter((id) => {
      const row = told.get(id)
      return row !== undefined && matches(where.current.filter, row)
    })
    if (more.length === 0) return
    setFresh((old) => (old.size >= mostNew ? old : new Set([...old, ...more])))
  }, [queries])

  useLive('delivery', (data) => {
    const told = data as Delivery
    if (!told?.id || (gathered.current.size >= mostGathered && !gathered.current.has(told.id))) return
    gathered.current.set(told.id, told)
    if (!timer.current) timer.current = window.setTimeout(flush, gatherFor)
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: another list has news of its own
  useEffect(() => {
    setFresh(new Set())
    return () => {
      window.clearTimeout(timer.current)
      timer.current = 0
      gathered.current = new Map()
    }
  }, [name])

  const show = useCallback(async () => {
    const queryKey = [...where.current.key, 'pages']
    setFresh(new Set())
    queries.setQueryData<InfiniteData<Listed>>(queryKey, (old) => old && firstPage(old))
    await queries.invalidateQueries({ queryKey })
  }, [queries])
  return { fresh: fresh.size, show }
}
