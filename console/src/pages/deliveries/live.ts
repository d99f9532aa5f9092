import type { InfiniteData } from '@tanstack/react-query'
import type { Delivery } from '@/delivery/words'
import type { DeliveryFilter } from './search'

/** Listed is one page of the list of deliveries. */
export interface Listed {
  items?: Delivery[] | null
  next?: string
}

/** wantsType says whether a filter by type lets a type through: "alert.*" is all below it, "*" is all. */
export function wantsType(filter: string, type: string | undefined): boolean {
  if (!type) return false
  if (filter === '*') return true
  return filter.endsWith('.*') ? type.startsWith(filter.slice(0, -1)) : filter === type
}

/** matches says whether a delivery that the stream told of belongs into the filtered list. */
export function matches(filter: DeliveryFilter, told: Delivery): boolean {
  const at = Date.parse(told.since ?? '')
  return (
    (!filter.integration || filter.integration === told.integration) &&
    (!filter.status || filter.status === told.status) &&
    (!filter.event || filter.event === told.event) &&
    (!filter.type || wantsType(filter.type, told.type)) &&
    (!filter.since || !(at < Date.parse(filter.since))) &&
    (!filter.until || !(at >= Date.parse(filter.until)))
  )
}

/**
 * inRow is a delivery as a list shows it: what was told, without the attempt that came along. What belongs to a status goes
 * with it: a delivered one has no cause any more.
 */
function inRow(row: Delivery, { history: _, ...told }: Delivery): Delivery {
  const { cause, cause_class, due, ...kept } = row
  return { ...kept, ...told }
}

/**
 * patch writes what was told into the pages that were read, and gives the ids of which no row is there. Pages without a
 * change stay the same objects.
 */
export function patch(
  data: InfiniteData<Listed> | undefined,
  told: ReadonlyMap<string, Delivery>,
): { data: InfiniteData<Listed> | undefined; unknown: string[] } {
  const unknown = new Set(told.keys())
  if (!data) return { data, unknown: [...unknown] }
  const pages = data.pages.map((page) => {
    if (!page.items?.some((row) => told.has(row.id))) return page
    return {
      ...page,
      items: page.items.map((row) => {
        const news = told.get(row.id)
        if (!news) return row
        unknown.delete(row.id)
        return inRow(row, news)
      }),
    }
  })
  return { data: { ...data, pages }, unknown: [...unknown] }
}
