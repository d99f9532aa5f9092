import { ActionIcon, Box, Checkbox, Group, Pill, ScrollArea, Text, TextInput } from '@mantine/core'
import { IconChevronDown, IconChevronRight, IconSearch } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import { $api } from '@/api/client'
import { Loaded } from '@/state/Loaded'
import { count } from '@/text/number'
import { visible } from '@/text/visible'
import { covering, found, groupsOf, type TypeGroup, toggled } from './filter'
import classes from './Subscription.module.css'

/** TypePicker chooses event types: single ones, all below a word, or all that is sent in. */
export function TypePicker({
  chosen,
  onChange,
  readOnly,
}: {
  chosen: string[]
  onChange: (types: string[]) => void
  readOnly: boolean
}) {
  const catalogue = $api.useQuery('get', '/api/v1/event-types', {}, { staleTime: 5 * 60_000 })
  const [search, setSearch] = useState('')
  const groups = useMemo(() => groupsOf(catalogue.data?.items ?? []), [catalogue.data])
  const shown = useMemo(() => found(groups, search), [groups, search])
  const set = (filter: string, on: boolean) => onChange(toggled(chosen, filter, on))
  // A type that the catalogue does not know can be chosen by writing it: others are accepted, too.
  const own = search.trim()
  const isNew = /^[a-z0-9_]+(\.[a-z0-9_]+)*(\.\*)?$/.test(own) && own.includes('.') && !chosen.includes(own)
  return (
    <Box>
      <Group gap={6} mb="xs" aria-label="Chosen types" role="group">
        {chosen.length === 0 && (
          <Text size="sm" c="dimmed">
            None chosen
          </Text>
        )}
        {chosen.map((type) => (
          <Pill
            key={type}
            withRemoveButton={!readOnly}
            onRemove={() => set(type, false)}
            removeButtonProps={{ 'aria-label': `Remove ${type}`, 'aria-hidden': false, tabIndex: 0 }}
          >
            {visible(type)}
          </Pill>
        ))}
      </Group>
      <Box className={classes.frame}>
        <TextInput
          aria-label="Search event types"
          placeholder="Search event types, or write one such as custom.*"
          leftSection={<IconSearch size={15} aria-hidden />}
          variant="unstyled"
          px="xs"
          value={search}
          maxLength={128}
          onChange={(event) => setSearch(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter') return
            event.preventDefault()
            if (isNew && !readOnly) {
              set(own, true)
              setSearch('')
            }
          }}
        />
        <Loaded query={catalogue} lines={5}>
          {() => (
            <ScrollArea.Autosize
              mah={330}
              type="auto"
              viewportProps={{ tabIndex: 0, role: 'group', 'aria-label': 'Event types' }}
            >
              <Box px="sm" pb="sm">
                {!search && (
                  <Line
                    filter="*"
                    label="Everything that is sent in"
                    about="And what becomes of alerts, incidents and blocks. What Tocsin says of itself must be named below."
                    chosen={chosen}
                    set={set}
                    readOnly={readOnly}
                  />
                )}
                {shown.map((group) => (
                  <GroupLines
                    key={group.prefix}
                    group={group}
                    chosen={chosen}
                    set={set}
                    readOnly={readOnly}
                    open={search !== ''}
                  />
                ))}
                {isNew && (
                  <Line
                    filter={own}
                    label={`Add ${own}`}
                    about="The catalogue does not know it by this name; events of such types are taken, too."
                    chosen={chosen}
                    set={(filter, on) => {
                      set(filter, on)
                      setSearch('')
                    }}
                    readOnly={readOnly}
                  />
                )}
                {shown.length === 0 && !isNew && (
                  <Text size="sm" c="dimmed" py="sm">
                    No type is like that.
                  </Text>
                )}
              </Box>
            </ScrollArea.Autosize>
          )}
        </Loaded>
      </Box>
    </Box>
  )
}

// What comes with another choice cannot be taken out by itself, and still is to be read.
const lineClasses = { label: classes.label, description: classes.description }

interface LineProps {
  filter: string
  label: string
  about?: string
  chosen: string[]
  set: (filter: string, on: boolean) => void
  readOnly: boolean
  named?: boolean
}

function Line({ filter, label, about, chosen, set, readOnly, named = false }: LineProps) {
  const by = covering(chosen, filter, named)
  return (
    <Checkbox
      size="xs"
      my={7}
      classNames={lineClasses}
      label={
        <Text span size="sm">
          {label}
        </Text>
      }
      description={by ? `Comes with ${by}. ${about ?? ''}` : about}
      checked={chosen.includes(filter) || by !== undefined}
      disabled={readOnly || by !== undefined}
      onChange={(event) => set(filter, event.currentTarget.checked)}
    />
  )
}

function GroupLines({
  group,
  chosen,
  set,
  readOnly,
  open: searched,
}: {
  group: TypeGroup
  chosen: string[]
  set: (filter: string, on: boolean) => void
  readOnly: boolean
  open: boolean
}) {
  const [opened, setOpened] = useState(false)
  const open = opened || searched
  const by = covering(chosen, group.wildcard, group.named)
  const all = chosen.includes(group.wildcard) || by !== undefined
  const some = group.types.filter((type) => chosen.includes(type.name)).length
  const Picture = open ? IconChevronDown : IconChevronRight
  return (
    <Box className={classes.group}>
      <Group gap={4} wrap="nowrap">
        <ActionIcon
          variant="subtle"
          color="gray"
          size="sm"
          aria-expanded={open}
          aria-label={`Types of ${group.prefix}`}
          onClick={() => setOpened(!open)}
        >
          <Picture size={15} aria-hidden />
        </ActionIcon>
        <Checkbox
          size="xs"
          classNames={lineClasses}
          label={
            <Text span size="sm" fw={600}>
              {group.wildcard}
              <Text span size="xs" c="dimmed" fw={400} ml={8}>
                {count(group.types.length, 'type')}
                {group.named ? ' of Tocsin itself' : ''}
                {some > 0 ? `, ${some} chosen` : ''}
              </Text>
            </Text>
          }
          checked={all}
          indeterminate={!all && some > 0}
          disabled={readOnly || by !== undefined}
          onChange={(event) => set(group.wildcard, event.currentTarget.checked)}
        />
      </Group>
      {open && (
        <Box pl={32}>
          {group.types.map((type) => (
            <Line
              key={type.name}
              filter={type.name}
              label={type.name}
              about={type.description}
              chosen={chosen}
              set={set}
              readOnly={readOnly}
              named={group.named}
            />
          ))}
        </Box>
      )}
    </Box>
  )
}
