import type { InfiniteData } from '@tanstack/react-query'
import { type Paged, slotsOf } from './lines'

// A list may be a million lines long. Only the pages around what is in sight are kept in memory; of the others, where they
// begin and how long they were, so that they can be read again.

/** mostHeld is how many pages are in memory at most; keptAround how many of them on each side of those in sight stay. */
export const mostHeld = 120
export const keptAround = 40

/** Held are the pages of a list. */
export type Held<L> = InfiniteData<L, string>

/** Sight is the first and the last page in sight, by number. */
export interface Sight {
  first: number
  last: number
}

/** dropFar forgets the pages that are far from sight, if too many are in memory. The first and the last one stay. */
export function dropFar<L extends Paged<unknown>>(held: Held<L>, sight: Sight): Held<L> {
  const { pages } = held
  let count = 0
  for (const page of pages) if (!page.dropped) count++
  if (count <= mostHeld) return held
  const near = (n: number) => n >= sight.first - keptAround && n <= sight.last + keptAround
  return {
    ...held,
    pages: pages.map((page, n) =>
      page.dropped || n === 0 || n === pages.length - 1 || near(n)
        ? page
        : { ...page, items: [], slots: slotsOf(page), dropped: true },
    ),
  }
}

/**
 * put adds the page behind a cursor to a list: at its end, or in the place of one that was dropped. That takes as many
 * lines as before; what has meanwhile moved to a page beside it is left out.
 */
export function put<L extends Paged<T>, T>(
  held: Held<L>,
  n: number,
  cursor: string,
  page: L,
  idOf: (item: T) => string,
): Held<L> {
  if (n === held.pages.length) {
    if (held.pages.at(-1)?.next !== cursor) return held
    return { pages: [...held.pages, page], pageParams: [...held.pageParams, cursor] }
  }
  const old = held.pages[n]
  if (!old?.dropped || held.pageParams[n] !== cursor) return held
  const beside = new Set(
    [held.pages[n - 1], held.pages[n + 1]].flatMap((each) => each?.items ?? []).map(idOf),
  )
  const slots = slotsOf(old)
  const items = (page.items ?? []).filter((item) => !beside.has(idOf(item))).slice(0, slots)
  // Where the next page begins stays as it was: it is known already.
  return { ...held, pages: held.pages.with(n, { ...page, next: old.next, items, slots, dropped: undefined }) }
}
