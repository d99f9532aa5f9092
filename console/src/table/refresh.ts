import type { InfiniteData, QueryClient } from '@tanstack/react-query'

/** mostAgain is how many pages of a list are read again; each is a request. Of a longer list the first page is. */
const mostAgain = 3

/** refreshLists reads lists of the API again: those in sight at once, the others when they are next shown. */
export function refreshLists(queries: QueryClient, ...paths: readonly string[]): void {
  for (const path of paths) {
    const queryKey = ['get', path]
    queries.setQueriesData<InfiniteData<unknown>>({ queryKey }, (old) =>
      old?.pages && old.pages.length > mostAgain ? firstPage(old) : old,
    )
    void queries.invalidateQueries({ queryKey })
  }
}

/** firstPage is a list of which only the first page was read. */
export const firstPage = <T>(data: InfiniteData<T>): InfiniteData<T> => ({
  pages: data.pages.slice(0, 1),
  pageParams: data.pageParams.slice(0, 1),
})
