import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { dropFar, type Held, put } from './held'
import { type Paged, PagedLines } from './lines'

/** ahead is how many lines before they come into sight those that were dropped are read again. */
const ahead = 100
/** atOnce is how many pages are read at the same time: whoever drags the scrollbar passes many, and stays at one. */
const atOnce = 2

interface Work {
  of: readonly unknown[]
  more: boolean
  error: unknown
}

/**
 * useHeld are the lines of a list of which the first page was read by a query of this key. It reads the pages behind it, and
 * those again that were dropped; what live messages change meanwhile stays. sight is to be told which lines are seen.
 */
export function useHeld<L extends Paged<T>, T>(
  queryKey: readonly unknown[],
  data: { pages: L[] } | undefined,
  read: (cursor: string, signal: AbortSignal) => Promise<L>,
  idOf: (item: T) => string,
) {
  const queries = useQueryClient()
  const lines = useMemo(() => new PagedLines<T>(data?.pages ?? []), [data])
  const [work, setWork] = useState<Work>()
  const { more = false, error = null } = work?.of === queryKey ? work : {}

  const latest = useRef({ lines, read, error })
  latest.current = { lines, read, error }
  const seen = useRef({ first: 0, last: 0 })
  const busy = useRef(new Set<number>())
  const end = useRef(new AbortController())
  // biome-ignore lint/correctness/useExhaustiveDependencies: another key is another list, and begins anew
  useEffect(() => {
    const mine = new AbortController()
    end.current = mine
    busy.current = new Set()
    return () => mine.abort()
  }, [queryKey])

  const readPage = useCallback(
    async (n: number): Promise<void> => {
      const now = queries.getQueryData<Held<L>>(queryKey)
      const last = n === now?.pages.length
      const cursor = last ? now?.pages.at(-1)?.next : now?.pageParams[n]
      const mine = busy.current
      if (cursor === undefined || (last && !cursor) || mine.has(n)) return
      const { signal } = end.current
      mine.add(n)
      if (last) setWork({ of: queryKey, more: true, error: null })
      try {
        const page = await latest.current.read(cursor, signal)
        if (signal.aborted) return
        const { first, last: to } = seen.current
        const lines = latest.current.lines
        const sight = { first: lines.pageOf(first), last: lines.pageOf(Math.min(to, lines.length - 1)) }
        queries.setQueryData<Held<L>>(
          queryKey,
          (old) => old && dropFar(put(old, n, cursor, page, idOf), sight),
        )
        if (last) setWork({ of: queryKey, more: false, error: null })
      } catch (thrown) {
        if (!signal.aborted) setWork({ of: queryKey, more: false, error: thrown })
      } finally {
        mine.delete(n)
      }
    },
    [queries, queryKey, idOf],
  )

  const sight = useCallback(
    (first: number, last: number) => {
      seen.current = { first, last }
      if (latest.current.error) return
      for (const n of latest.current.lines.dropped(first - ahead, last + ahead)) {
        if (busy.current.size >= atOnce) return
        if (!busy.current.has(n)) void readPage(n)
      }
    },
    [readPage],
  )
  const loadMore = useCallback(() => {
    const pages = queries.getQueryData<Held<L>>(queryKey)?.pages
    if (pages && !latest.current.error) void readPage(pages.length)
  }, [queries, queryKey, readPage])
  const retry = useCallback(() => {
    latest.current.error = null
    setWork(undefined)
    sight(seen.current.first, seen.current.last)
  }, [sight])
  return { lines, loadingMore: more, error, retry, loadMore, sight }
}
