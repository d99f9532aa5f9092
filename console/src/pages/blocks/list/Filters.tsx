import { Button, CloseButton, Pill, Select, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { Filters } from '@/filters/Filters'
import { TimeRange } from '@/filters/TimeRange'
import { useMe } from '@/session/me'
import { visible } from '@/text/visible'
import { useResponders } from '../responders/useResponders'
import { type PlacementState, placementMeanings } from '../words'
import { activeOf, type BlocksSearch, rangeOf } from './search'

/** typingPause is how long nobody types before the list is asked for, in milliseconds. */
const typingPause = 300

/** nothing is the search without filters. */
const nothing: Partial<BlocksSearch> = {
  q: undefined,
  placement: undefined,
  integration: undefined,
  rule: undefined,
  alert: undefined,
  incident: undefined,
  by: undefined,
  since: undefined,
}

/** BlockFilters narrow the list; what they say stands in the URL. */
export function BlockFilters({
  search,
  change,
}: {
  search: BlocksSearch
  change: (next: Partial<BlocksSearch>, replace?: boolean) => void
}) {
  const me = useMe()
  const responders = useResponders()
  const by = search.by && search.by !== 'me' && search.by !== me.id
  return (
    <Filters
      active={activeOf(search)}
      clear={() => change(nothing)}
      search={<Text value={search.q ?? ''} onChange={(q) => change({ q: q || undefined }, true)} />}
    >
      <Select
        aria-label="Placement"
        placeholder="Any placement"
        clearable
        value={search.placement ?? null}
        data={Object.entries(placementMeanings).map(([value, { label }]) => ({ value, label }))}
        onChange={(value) => change({ placement: (value as PlacementState | null) ?? undefined })}
      />
      <Select
        aria-label="Responder"
        placeholder="Any responder"
        clearable
        searchable
        value={search.integration ?? null}
        data={responders.data?.items.map(({ id, name }) => ({ value: id, label: visible(name) })) ?? []}
        onChange={(value) => change({ integration: value ?? undefined })}
      />
      <TimeRange
        moving
        noEnd
        value={rangeOf(search)}
        onChange={({ since, last }) => change({ since: last ?? since })}
      />
      <Button
        variant={search.by === 'me' ? 'light' : 'default'}
        aria-pressed={search.by === 'me'}
        onClick={() => change({ by: search.by === 'me' ? undefined : 'me' })}
      >
        Requested by me
      </Button>
      {by && <Chip label={`By ${search.by}`} remove={() => change({ by: undefined })} />}
      {search.alert && <Chip label="Of one alert" remove={() => change({ alert: undefined })} />}
      {search.incident && (
        <Chip label={`Of ${search.incident}`} remove={() => change({ incident: undefined })} />
      )}
      {search.rule && <Chip label="By one rule" remove={() => change({ rule: undefined })} />}
    </Filters>
  )
}

function Text({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  const [text, setText] = useState(value)
  const later = useDebouncedCallback(onChange, typingPause)
  // The URL may change without anybody typing: by "back", or when the filters are cleared.
  useEffect(() => setText(value), [value])
  return (
    <TextInput
      aria-label="Search in blocks"
      placeholder="Address, range, or words of the reason"
      leftSection={<IconSearch size={14} aria-hidden />}
      value={text}
      maxLength={200}
      onChange={(event) => {
        setText(event.currentTarget.value)
        later(event.currentTarget.value)
      }}
      rightSection={
        text && (
          <CloseButton
            aria-label="Clear the search"
            onClick={() => {
              setText('')
              onChange('')
            }}
          />
        )
      }
    />
  )
}

function Chip({ label, remove }: { label: string; remove: () => void }) {
  return (
    <Pill
      withRemoveButton
      onRemove={remove}
      removeButtonProps={{
        'aria-label': `Remove the filter: ${visible(label)}`,
        'aria-hidden': false,
        tabIndex: 0,
      }}
    >
      {visible(label)}
    </Pill>
  )
}
