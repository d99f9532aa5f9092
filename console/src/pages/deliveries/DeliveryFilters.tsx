import { Select } from '@mantine/core'
import { IconAffiliate, IconTag } from '@tabler/icons-react'
import { type Status, statuses } from '@/delivery/words'
import { Filters } from '@/filters/Filters'
import { TextFilter } from '@/filters/TextFilter'
import { TimeRange } from '@/filters/TimeRange'
import { IntegrationFilter } from '@/integration/IntegrationFilter'
import type { DeliveryFilter } from './search'

/** DeliveryFilters are the filters above the list of deliveries. */
export function DeliveryFilters({
  filter,
  set,
}: {
  filter: DeliveryFilter
  set: (filter: DeliveryFilter) => void
}) {
  const change = (part: DeliveryFilter) => set({ ...filter, ...part })
  return (
    <Filters active={Object.keys(filter).length} clear={() => set({})}>
      <Select
        aria-label="Status"
        placeholder="Any status"
        data={statuses}
        value={filter.status ?? null}
        onChange={(status) => change({ status: (status as Status | null) ?? undefined })}
        clearable
        comboboxProps={{ width: 240, position: 'bottom-start' }}
        maxDropdownHeight={340}
      />
      <IntegrationFilter value={filter.integration} onChange={(integration) => change({ integration })} />
      <TextFilter
        label="Event type"
        placeholder="Event type, or alert.*"
        value={filter.type}
        onChange={(type) => change({ type })}
        maxLength={128}
        icon={<IconTag size={15} aria-hidden />}
      />
      <TextFilter
        label="Event id"
        placeholder="Event id, evt_…"
        value={filter.event}
        onChange={(event) => change({ event })}
        maxLength={64}
        icon={<IconAffiliate size={15} aria-hidden />}
      />
      <TimeRange
        value={{ since: filter.since, until: filter.until }}
        onChange={({ since, until }) => change({ since, until })}
      />
    </Filters>
  )
}
