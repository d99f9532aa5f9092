import { MultiSelect, Select } from '@mantine/core'
import { IconFolder, IconSearch, IconUser } from '@tabler/icons-react'
import { Filters } from '@/filters/Filters'
import { TextFilter } from '@/filters/TextFilter'
import { TimeRange } from '@/filters/TimeRange'
import { usePeople } from '@/people/usePeople'
import { severities } from '@/text/Severity'
import { type IncidentSearch, openStatuses, rangeOf, withRange } from './search'

const statuses = [
  { value: openStatuses, label: 'Open (new, active)' },
  { value: 'new', label: 'New' },
  { value: 'active', label: 'Active' },
  { value: 'closed', label: 'Closed' },
  { value: 'all', label: 'All' },
]

/** longestText is how many characters of a text are searched for. */
const longestText = 200

/** IncidentFilters are the filters above the list of incidents. */
export function IncidentFilters({
  search,
  change,
  clear,
}: {
  search: IncidentSearch
  change: (part: Partial<IncidentSearch>) => void
  clear: () => void
}) {
  const people = usePeople(search.owner ? [search.owner] : [])
  const severity = (search.severity ?? '').split(',').filter(Boolean)
  const active = Object.values(search).filter((value) => value !== undefined).length
  return (
    <Filters active={active} clear={clear}>
      <TextFilter
        label="Search in titles"
        placeholder="Search in titles"
        value={search.q}
        onChange={(q) => change({ q })}
        maxLength={longestText}
        icon={<IconSearch size={15} aria-hidden />}
      />
      <Select
        aria-label="Status"
        data={statuses}
        value={search.status ?? openStatuses}
        onChange={(value) => change({ status: value === openStatuses ? undefined : (value ?? undefined) })}
        allowDeselect={false}
      />
      <MultiSelect
        aria-label="Severity"
        placeholder={severity.length === 0 ? 'Any severity' : undefined}
        data={[...severities]}
        value={severity}
        onChange={(values) => change({ severity: values.join(',') || undefined })}
        clearable
      />
      {people.length > 0 ? (
        <Select
          aria-label="Owner"
          placeholder="Any owner"
          data={people}
          value={search.owner ?? null}
          onChange={(owner) => change({ owner: owner ?? undefined })}
          clearable
          searchable
        />
      ) : (
        <TextFilter
          label="Owner"
          placeholder="Owner"
          value={search.owner}
          onChange={(owner) => change({ owner })}
          maxLength={longestText}
          icon={<IconUser size={15} aria-hidden />}
        />
      )}
      <TextFilter
        label="Project"
        placeholder="Project"
        value={search.project}
        onChange={(project) => change({ project })}
        maxLength={longestText}
        icon={<IconFolder size={15} aria-hidden />}
      />
      <TimeRange moving value={rangeOf(search)} onChange={(range) => change(withRange(range))} />
    </Filters>
  )
}
