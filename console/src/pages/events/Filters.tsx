import { Autocomplete, Select } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useMemo, useState } from 'react'
import { $api } from '@/api/client'
import { Filters as FilterBar } from '@/filters/Filters'
import { TimeRange } from '@/filters/TimeRange'
import { severities } from '@/text/Severity'
import { type EventFilter, filterOf, typeMeant } from './filter'

/** typingPause is how long after the last letter a filter is used, in milliseconds. */
const typingPause = 350

/** Filters choose which events are listed. */
export function Filters({ filter, choose }: { filter: EventFilter; choose: (filter: EventFilter) => void }) {
  const types = $api.useQuery('get', '/api/v1/event-types', {}, { staleTime: Number.POSITIVE_INFINITY })
  const suggestions = useMemo(() => suggest(types.data?.items.map(({ name }) => name) ?? []), [types.data])
  const set = (part: Record<string, string | null | undefined>) => choose(filterOf({ ...filter, ...part }))
  const { since, until } = filter
  return (
    <FilterBar active={Object.keys(filter).length} clear={() => choose({})}>
      <Typed
        label="Type"
        placeholder="Type, or alert.*"
        value={filter.type ?? ''}
        data={suggestions}
        meant={(text) => typeMeant(text, suggestions)}
        set={(type) => set({ type })}
      />
      <Select
        aria-label="Severity"
        placeholder="Any severity"
        data={[...severities]}
        value={filter.severity ?? null}
        onChange={(severity) => set({ severity })}
        clearable
      />
      <Typed
        label="Project"
        placeholder="Project"
        value={filter.project ?? ''}
        data={[]}
        set={(project) => set({ project })}
      />
      <TimeRange
        value={{ since, until }}
        onChange={(range) => set({ since: range.since, until: range.until })}
      />
    </FilterBar>
  )
}

/** suggest offers the types, and for each first word all that begin with it. */
function suggest(names: string[]): string[] {
  const patterns = new Set(names.map((name) => `${name.split('.')[0]}.*`))
  return [...patterns, ...names]
}

function Typed({
  label,
  placeholder,
  value,
  data,
  meant = (text) => text.trim(),
  set,
}: {
  label: string
  placeholder: string
  value: string
  data: string[]
  /** meant is the filter that a text stands for. */
  meant?: (text: string) => string
  set: (value: string) => void
}) {
  const [text, setText] = useState(value)
  const [shown, setShown] = useState(value)
  const later = useDebouncedCallback((typed: string) => set(meant(typed)), typingPause)
  // Another filter than the typed one came from elsewhere, such as "Clear".
  if (shown !== value) {
    setShown(value)
    if (meant(text) !== value) setText(value)
  }
  return (
    <Autocomplete
      aria-label={label}
      placeholder={placeholder}
      data={data}
      limit={30}
      value={text}
      onChange={(next) => {
        setText(next)
        later(next)
      }}
    />
  )
}
