/**
 * Lines are what a table shows, by their place. An array is one of which all are there; of a long list that is read page by
 * page, some may have been dropped to save memory, and are read again when they come into sight.
 */
export interface Lines<T> extends Iterable<T> {
  /** length is how many lines the table is long, those that are not in memory among them. */
  readonly length: number
  /** at is the line at a place; undefined if it is not in memory. */
  at(index: number): T | undefined
}

/** Paged is a page of a list as it is kept. */
export interface Paged<T> {
  items?: T[] | null
  next?: string
  /** slots is how many lines the page takes once it was dropped: it keeps its room, so that nothing moves. */
  slots?: number
  /** dropped says that its items are not in memory. */
  dropped?: boolean
}

/** slotsOf is how many lines a page takes. */
export const slotsOf = (page: Paged<unknown>): number => page.slots ?? page.items?.length ?? 0

/** PagedLines are the lines of a list that is read page by page. Finding one takes no longer in a long list. */
export class PagedLines<T> implements Lines<T> {
  readonly length: number
  /** held is how many lines are in memory. */
  readonly held: number
  /** starts are the places of the pages' first lines. */
  private readonly starts: number[] = []

  constructor(private readonly pages: readonly Paged<T>[]) {
    let length = 0
    let held = 0
    for (const page of pages) {
      this.starts.push(length)
      length += slotsOf(page)
      held += page.items?.length ?? 0
    }
    this.length = length
    this.held = held
  }

  at(index: number): T | undefined {
    const n = this.pageOf(index)
    return this.pages[n]?.items?.[index - (this.starts[n] ?? 0)]
  }

  /** pageOf is the number of the page that has a line; -1 if none has. */
  pageOf(index: number): number {
    if (index < 0 || index >= this.length) return -1
    let low = 0
    let high = this.pages.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.starts[middle] ?? 0) <= index) low = middle
      else high = middle - 1
    }
    return low
  }

  /** dropped are the numbers of the pages, from one line to another, that are not in memory. */
  dropped(first: number, last: number): number[] {
    const from = this.pageOf(Math.max(0, first))
    const to = this.pageOf(Math.min(this.length - 1, last))
    const found: number[] = []
    if (from < 0) return found
    for (let n = from; n <= to; n++) if (this.pages[n]?.dropped) found.push(n)
    return found
  }

  /** indexOf is the place of the first line in memory of which something is true; -1 for none. */
  indexOf(is: (line: T) => boolean): number {
    for (const [n, page] of this.pages.entries()) {
      const found = page.items?.findIndex(is) ?? -1
      if (found >= 0) return (this.starts[n] ?? 0) + found
    }
    return -1
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const page of this.pages) yield* page.items ?? []
  }
}
