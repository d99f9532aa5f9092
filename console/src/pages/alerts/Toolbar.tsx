import { Badge, Box, Button, CloseButton, Group, Select, TextInput } from '@mantine/core'
import { IconFilter, IconSearch } from '@tabler/icons-react'
import { type FormEvent, useEffect, useState } from 'react'
import { TimeRange } from '@/filters/TimeRange'
import { visible } from '@/text/visible'
import classes from './alerts.module.css'
import { type AlertSearch, lists, type Sort, valuesOf } from './search'

const orders: { value: Sort; label: string }[] = [
  { value: 'last_seen', label: 'Newest first' },
  { value: 'severity', label: 'Most severe first' },
  { value: 'risk', label: 'Riskiest first' },
  { value: 'first_seen', label: 'Latest first seen' },
]

interface Props {
  search: AlertSearch
  change: (part: Partial<AlertSearch>) => void
  openFacets: () => void
}

/** Toolbar searches the queue, and says of which time and in which order it is. */
export function Toolbar({ search, change, openFacets }: Props) {
  const [words, setWords] = useState(search.q ?? '')
  useEffect(() => setWords(search.q ?? ''), [search.q])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    change({ q: words.trim() || undefined })
  }
  const chosen = lists.reduce((sum, name) => sum + valuesOf(search, name).length, 0)
  return (
    <Group gap="xs" component="search">
      <form onSubmit={submit} style={{ flex: '1 1 240px' }}>
        <TextInput
          aria-label="Search in alerts"
          placeholder="Words in titles, entities, rules and keys"
          leftSection={<IconSearch size={16} aria-hidden />}
          value={words}
          onChange={(e) => setWords(e.currentTarget.value)}
          onBlur={() => words.trim() !== (search.q ?? '') && change({ q: words.trim() || undefined })}
          maxLength={1000}
          rightSection={
            words ? (
              <CloseButton
                size="sm"
                aria-label="Clear the search"
                onClick={() => {
                  setWords('')
                  change({ q: undefined })
                }}
              />
            ) : null
          }
        />
      </form>
      <Button
        className={classes.facetsButton}
        variant="default"
        leftSection={<IconFilter size={16} aria-hidden />}
        rightSection={
          chosen > 0 ? (
            <Badge size="sm" circle>
              {chosen}
            </Badge>
          ) : null
        }
        onClick={openFacets}
      >
        Filters
      </Button>
      <Box miw={150} flex={{ base: '1 1 140px', sm: '0 0 auto' }}>
        <TimeRange
          moving
          value={{ since: search.since, until: search.until, last: search.time }}
          onChange={({ since, until, last }) => change({ since, until, time: last })}
        />
      </Box>
      <Select
        aria-label="Order"
        w={{ base: 'auto', sm: 178 }}
        flex={{ base: '1 1 140px', sm: '0 0 auto' }}
        data={orders}
        value={search.sort ?? 'last_seen'}
        onChange={(value) => change({ sort: value === 'last_seen' ? undefined : (value as Sort) })}
        allowDeselect={false}
      />
      <Singles search={search} change={change} />
    </Group>
  )
}

const singles = ['entity', 'rule', 'tag', 'incident'] as const

/** Singles are filters that came by a link, each with a way to take it away. */
function Singles({ search, change }: Omit<Props, 'openFacets'>) {
  return singles.map((name) => {
    const value = search[name]
    if (!value) return null
    return (
      <Badge
        key={name}
        size="lg"
        radius="sm"
        variant="light"
        tt="none"
        maw={320}
        rightSection={
          <CloseButton
            size="xs"
            aria-label={`Without the ${name}`}
            onClick={() => change({ [name]: undefined })}
          />
        }
      >
        {name} {visible(value).slice(0, 80)}
      </Badge>
    )
  })
}
