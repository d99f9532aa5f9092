import type { InfiniteData } from '@tanstack/react-query'
import type { Schemas } from '@/api/client'
import type { Paged } from '@/table/lines'
import type { Alert } from './matches'

/** AlertPage is a page of the queue as it is kept: its alerts may have been dropped to save memory. */
export type AlertPage = Schemas['AlertList'] & Pick<Paged<Alert>, 'slots' | 'dropped'>

/** Pages are the pages of the queue that were read. */
export type Pages = InfiniteData<AlertPage, string>

/** withChanged puts alerts, as they are now, in the place of what was read; what is newer than they are stays. */
export function withChanged(pages: Pages, changed: ReadonlyMap<string, Alert>): Pages {
  return mapped(pages, (old) => {
    const now = changed.get(old.id)
    return now && now.version >= old.version ? now : old
  })
}

/** withPart changes a part of the alerts of these ids. */
export function withPart(pages: Pages, ids: ReadonlySet<string>, part: Partial<Alert>): Pages {
  return mapped(pages, (old) => (ids.has(old.id) ? { ...old, ...part } : old))
}

/** mapped keeps each page that nothing changed in, so that its lines are not drawn anew. */
function mapped(pages: Pages, change: (alert: Alert) => Alert): Pages {
  let any = false
  const list = pages.pages.map((page) => {
    let touched = false
    const items = page.items.map((alert) => {
      const now = change(alert)
      touched ||= now !== alert
      return now
    })
    any ||= touched
    return touched ? { ...page, items } : page
  })
  return any ? { ...pages, pages: list } : pages
}
