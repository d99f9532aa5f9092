import { SegmentedControl } from '@mantine/core'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useLiveRefresh } from '@/live/LiveProvider'
import { Page } from '@/page/Page'
import { Causes } from './Causes'
import { Entries } from './Entries'
import { MailboxFilters } from './MailboxFilters'
import { type MailboxSearch, showsList } from './search'

const route = getRouteApi('/shell/mailbox')

/** MailboxPage shows what failed for good: first by cause and integration, then one by one. */
export function MailboxPage() {
  const search = route.useSearch()
  const navigate = useNavigate()
  useLiveRefresh(['mailbox', 'job'], ['get', '/api/v1/mailbox'], ['get', '/api/v1/mailbox/causes'])
  const set = (next: MailboxSearch) => void navigate({ to: '/mailbox', search: next })
  const list = showsList(search)
  return (
    <Page
      title="Mailbox"
      about="Deliveries that failed for good, kept for 30 days with their cause and a copy of the event. Fix the cause, then replay."
      fill={list}
      actions={
        <SegmentedControl
          aria-label="View"
          data={[
            { value: 'causes', label: 'By cause' },
            { value: 'list', label: 'One by one' },
          ]}
          value={list ? 'list' : 'causes'}
          onChange={(view) => set({ ...search, list: view === 'list' ? true : undefined, cause: undefined })}
        />
      }
    >
      <MailboxFilters search={search} set={set} />
      {list ? <Entries search={search} /> : <Causes search={search} />}
    </Page>
  )
}
