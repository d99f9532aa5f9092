import { Select } from '@mantine/core'
import { IconTag } from '@tabler/icons-react'
import { causeClasses } from '@/delivery/words'
import { Filters } from '@/filters/Filters'
import { TextFilter } from '@/filters/TextFilter'
import { TimeRange } from '@/filters/TimeRange'
import { IntegrationFilter } from '@/integration/IntegrationFilter'
import { type Box, boxes, boxNames, type MailboxSearch, narrowed } from './search'

/** MailboxFilters are the filters above the mailbox. */
export function MailboxFilters({
  search,
  set,
}: {
  search: MailboxSearch
  set: (search: MailboxSearch) => void
}) {
  const change = (part: MailboxSearch) => set({ ...search, ...part })
  return (
    <Filters active={narrowed(search)} clear={() => set({ status: search.status, list: search.list })}>
      <Select
        aria-label="Show"
        data={boxes.map((value) => ({ value, label: boxNames[value] }))}
        value={search.status ?? 'mailbox'}
        allowDeselect={false}
        onChange={(value) => {
          const status = (value ?? 'mailbox') as Box
          // A cause belongs to the state that it was chosen in.
          change({
            status: status === 'mailbox' ? undefined : status,
            cause: undefined,
            cause_class: undefined,
          })
        }}
        comboboxProps={{ width: 240, position: 'bottom-start' }}
      />
      <IntegrationFilter value={search.integration} onChange={(integration) => change({ integration })} />
      <Select
        aria-label="Class of cause"
        placeholder="Any cause"
        data={causeClasses}
        value={search.cause_class ?? null}
        onChange={(value) => change({ cause_class: value ?? undefined, cause: undefined })}
        clearable
        comboboxProps={{ width: 240, position: 'bottom-start' }}
      />
      <TextFilter
        label="Event type"
        placeholder="Event type, or alert.*"
        value={search.type}
        onChange={(type) => change({ type })}
        maxLength={128}
        icon={<IconTag size={15} aria-hidden />}
      />
      <TimeRange
        value={{ since: search.after, until: search.before }}
        onChange={({ since, until }) => change({ after: since, before: until })}
      />
    </Filters>
  )
}
