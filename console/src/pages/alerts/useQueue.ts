import { keepPreviousData, useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { api } from '@/api/client'
import { useLive, useLiveState } from '@/live/LiveProvider'
import type { Lines } from '@/table/lines'
import { pageSize } from '@/table/pages'
import { useHeld } from '@/table/useHeld'
import { type AlertPage, type Pages, withChanged } from './cachedPages'
import { type Alert, matches, stillMatches } from './matches'
import type { Filter, Sort } from './search'

/** queueKey is how the queries of all queues begin. */
export const queueKey = ['get', '/api/v1/alerts', 'queue'] as const

/** gather is how long live messages are gathered before the list is drawn anew, in milliseconds. */
const gather = 200
/** mostNew is how many new alerts are counted. */
export const mostNew = 1_000

/**
 * useQueue reads the alerts of a filter page by page, and keeps what was read as it is now: live messages change lines
 * where they stand. What would come or go by it is only counted, so that nothing moves under the reader's hand.
 */
export function useQueue(filter: Filter, sort: Sort, turn: number) {
  const queries = useQueryClient()
  const queryKey = useMemo(() => [...queueKey, filter, sort, turn], [filter, sort, turn])
  const read = async (cursor: string, signal: AbortSignal) => {
    const params = { query: { ...filter, sort, limit: pageSize, ...(cursor ? { cursor } : {}) } }
    const { data } = await api.GET('/api/v1/alerts', { params, signal })
    if (!data) throw new Error('the hub did not answer with alerts')
    return data
  }
  const query = useInfiniteQuery({
    queryKey,
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => read(pageParam, signal),
    getNextPageParam: (last) => last.next || undefined,
    placeholderData: keepPreviousData,
    // Live messages keep it fresh; a page that is opened again begins at the newest.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    // Of a long list, comparing all that is known with what was just put there would take the time of several frames.
    structuralSharing: false,
  })
  const held = useHeld<AlertPage, Alert>(queryKey, query.data, read, alertID)
  const rows = held.lines
  const hasMore = query.hasNextPage && !query.isPlaceholderData
  const news = useNews(rows, filter, sort, turn, hasMore)

  const change = useCallback(
    (alerts: ReadonlyMap<string, Alert>) =>
      queries.setQueryData<Pages>(queryKey, (old) => old && withChanged(old, alerts)),
    [queries, queryKey],
  )
  const heard = useRef(new Map<string, Alert>())
  const timer = useRef<number>(undefined)
  useEffect(() => () => window.clearTimeout(timer.current), [])
  useLive('alert', (data) => {
    const alert = data as Alert
    heard.current.set(alert.id, alert)
    timer.current ??= window.setTimeout(() => {
      timer.current = undefined
      const all = heard.current
      heard.current = new Map()
      change(all)
      news.hear(all)
    }, gather)
  })

  const gone = useGone(query.data?.pages, filter)
  return {
    rows,
    approximate: query.data?.pages[0]?.approximate ?? false,
    loading: query.isPending,
    changing: query.isPlaceholderData,
    error: query.error ?? held.error,
    retry: () => (held.error ? held.retry() : void query.refetch()),
    hasMore,
    loadingMore: held.loadingMore,
    loadMore: held.loadMore,
    sight: held.sight,
    /** fresh is how many alerts came that are not shown; missed: there may be others. */
    fresh: news.fresh,
    missed: news.missed,
    /** gone is how many lines the filter would not let through any more. */
    gone,
  }
}

const alertID = (alert: Alert): string => alert.id

/** useGone counts the lines that the filter would not let through any more. Pages that did not change are not asked again. */
function useGone(pages: readonly AlertPage[] | undefined, filter: Filter): number {
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was counted holds for one filter
  const counted = useMemo(() => new WeakMap<AlertPage, number>(), [filter])
  return useMemo(() => {
    let sum = 0
    for (const page of pages ?? []) {
      let gone = counted.get(page)
      if (gone === undefined) {
        gone = page.items.reduce((n, alert) => n + (stillMatches(alert, filter) ? 0 : 1), 0)
        counted.set(page, gone)
      }
      sum += gone
    }
    return sum
  }, [pages, filter, counted])
}

/** useNews counts the alerts that came and are not among the lines. */
function useNews(rows: Lines<Alert>, filter: Filter, sort: Sort, turn: number, hasMore: boolean) {
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set())
  const [missed, setMissed] = useState(false)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another filter, and another turn, begin anew
  useEffect(() => {
    setFresh(new Set())
    setMissed(false)
  }, [filter, sort, turn])

  const connection = useLiveState()
  const waited = useRef(false)
  useEffect(() => {
    if (connection === 'waiting') waited.current = true
    if (connection === 'live' && waited.current) {
      waited.current = false
      setMissed(true)
    }
  }, [connection])
  useLive('lost', () => setMissed(true))

  const hear = (alerts: ReadonlyMap<string, Alert>) => {
    const shown = new Set(Array.from(rows, alertID))
    const oldest = hasMore && sort === 'last_seen' ? (rows.at(rows.length - 1)?.last_seen ?? '') : ''
    const came = [...alerts.values()].filter(
      (alert) =>
        !shown.has(alert.id) &&
        matches(alert, filter) &&
        Date.parse(alert.last_seen) >= (Date.parse(oldest) || 0),
    )
    if (came.length === 0) return
    setFresh((old) => (old.size >= mostNew ? old : new Set([...old, ...came.map(({ id }) => id)])))
  }
  return { fresh: fresh.size, missed, hear }
}
