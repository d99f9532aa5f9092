import {
  hashKey,
  type InfiniteData,
  keepPreviousData,
  useInfiniteQuery,
  useQueryClient,
} from '@tanstack/react-query'
import { useEffect, useMemo } from 'react'
import { firstPage } from './refresh'

/** pageSize is how many items a page of a list has. */
export const pageSize = 100

/** Listed is what the API answers a list with. */
interface Listed<T> {
  items?: T[] | null
  next?: string
}

/** lastFull is the place of the last page that has items; -1 for none. */
function lastFull(pages: readonly Listed<unknown>[]): number {
  return pages.findLastIndex((page) => (page.items ?? []).length > 0)
}

/**
 * usePages reads a list of the API page by page. key begins with ['get', path] so that useLiveRefresh finds it; read asks
 * for the page behind a cursor ('' is the first).
 */
export function usePages<T, L extends Listed<T>>(
  key: readonly unknown[],
  read: (cursor: string, signal: AbortSignal) => Promise<L>,
  enabled = true,
) {
  const queries = useQueryClient()
  const queryKey = [...key, 'pages']
  const hash = hashKey(queryKey)
  // Whoever comes back begins at the top; to read all pages again for it would take a request for each.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the hash stands for the key
  useEffect(
    () => () => {
      queries.setQueryData<InfiniteData<L>>(queryKey, (old) => old && firstPage(old))
    },
    [queries, hash],
  )
  const query = useInfiniteQuery({
    queryKey,
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => read(pageParam, signal),
    getNextPageParam: (last) => last.next || undefined,
    placeholderData: keepPreviousData,
    enabled,
  })
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.items ?? []) ?? [], [query.data])
  const barren = query.data ? query.data.pages.length - 1 - lastFull(query.data.pages) : 0
  return {
    rows,
    /** barren is how many pages at the end had no items: a list that looks for its items may come up with none. */
    barren,
    /** first is the whole answer of the first page, with what a list says beside its items. */
    first: query.data?.pages[0],
    pages: query.data?.pages.length ?? 0,
    loading: query.isPending,
    /** changing says that the rows are still those of the key before. */
    changing: query.isPlaceholderData,
    error: query.error,
    retry: () => void (query.isFetchNextPageError ? query.fetchNextPage() : query.refetch()),
    hasMore: query.hasNextPage,
    loadingMore: query.isFetchingNextPage,
    loadMore: () => void query.fetchNextPage(),
    refetch: query.refetch,
  }
}
