import { Autocomplete } from '@mantine/core'
import { IconBolt, IconTarget, IconUser } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { Filters } from '@/filters/Filters'
import { TextFilter } from '@/filters/TextFilter'
import { TimeRange } from '@/filters/TimeRange'
import { groups } from './act'
import type { AuditFilter } from './search'

/** AuditFilters are the filters above the record. */
export function AuditFilters({ filter, set }: { filter: AuditFilter; set: (filter: AuditFilter) => void }) {
  const change = (part: AuditFilter) => set({ ...filter, ...part })
  return (
    <Filters active={Object.keys(filter).length} clear={() => set({})}>
      <ActionFilter value={filter.action} onChange={(action) => change({ action })} />
      <TextFilter
        label="Actor"
        placeholder="Actor: e-mail, key or id"
        value={filter.actor}
        onChange={(actor) => change({ actor })}
        maxLength={100}
        icon={<IconUser size={15} aria-hidden />}
      />
      <TextFilter
        label="Target"
        placeholder="Target: id or name"
        value={filter.target}
        onChange={(target) => change({ target })}
        maxLength={200}
        icon={<IconTarget size={15} aria-hidden />}
      />
      <TimeRange
        value={{ since: filter.since, until: filter.until }}
        onChange={({ since, until }) => change({ since, until })}
      />
    </Filters>
  )
}

/** ActionFilter takes one of the groups, or an action that is typed. */
function ActionFilter({
  value,
  onChange,
}: {
  value: string | undefined
  onChange: (action: string | undefined) => void
}) {
  const [text, setText] = useState(value ?? '')
  useEffect(() => setText(value ?? ''), [value])
  const commit = (next: string) => {
    const action = next.trim() || undefined
    if (action !== value) onChange(action)
  }
  return (
    <Autocomplete
      aria-label="Action"
      placeholder="Action, or integration.*"
      data={groups.map((group) => group.value)}
      renderOption={({ option }) =>
        groups.find((group) => group.value === option.value)?.label ?? option.value
      }
      value={text}
      maxLength={100}
      leftSection={<IconBolt size={15} aria-hidden />}
      clearable
      onChange={setText}
      onOptionSubmit={commit}
      onClear={() => commit('')}
      onBlur={() => commit(text)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') commit(event.currentTarget.value)
      }}
      maxDropdownHeight={340}
    />
  )
}
