import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { Problem } from '@/api/problem'

/** mostPages is how many pages of a list are read to find a line that the address names. */
const mostPages = 10

interface List<T> {
  rows: readonly T[]
  loading: boolean
  hasMore: boolean
  loadingMore: boolean
  loadMore: () => void
  pages: number
}

/** gone is said of a line that is nowhere. */
const gone = new Problem(404, { detail: 'The address of this page names something that is not there.' })

/**
 * useOpened is the line that the address names: one of the list, or read by its id where the API can; else more of the list is
 * read until it is found. error says that it is not there, or why it could not be read.
 */
export function useOpened<T>(
  path: string,
  open: string | undefined,
  list: List<T>,
  isIt: (line: T) => boolean,
  read?: (id: string, signal: AbortSignal) => Promise<T | undefined>,
): { chosen: T | undefined; error: unknown } {
  const listed = list.rows.find(isIt)
  const wanted = open !== undefined && open !== 'new' && !listed && !list.loading
  const one = useQuery({
    queryKey: ['get', path, 'one', open],
    queryFn: async ({ signal }) => (await read?.(open ?? '', signal)) ?? null,
    enabled: wanted && read !== undefined,
  })
  const more = wanted && !read && list.hasMore && list.pages < mostPages
  const { loadMore, loadingMore } = list
  useEffect(() => {
    if (more && !loadingMore) loadMore()
  }, [more, loadingMore, loadMore])
  if (!wanted) return { chosen: listed, error: undefined }
  if (read)
    return { chosen: one.data ?? undefined, error: one.error ?? (one.data === null ? gone : undefined) }
  return { chosen: undefined, error: more ? undefined : gone }
}
