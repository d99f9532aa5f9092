import { Button, Combobox, Text, useCombobox } from '@mantine/core'
import { IconUser } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { EventText } from '@/text/EventText'
import { choices, nobody } from './choices'
import { useOwnAddress, usePeople } from './usePeople'

/** Assign gives something to somebody: to oneself and to nobody with one choice, to others by a search, or by their address. */
export function Assign({
  known,
  assign,
  current = '',
}: {
  /** known are addresses that are offered beside the account's people. */
  known: readonly string[]
  assign: (assignee: string) => void
  /** current has it now; it is not offered. */
  current?: string
}) {
  const own = useOwnAddress()
  const people = usePeople(known)
  const [search, setSearch] = useState('')
  const store = useCombobox({
    onDropdownClose: () => {
      store.resetSelectedOption()
      store.focusTarget()
      setSearch('')
    },
    onDropdownOpen: () => store.focusSearchInput(),
  })
  const opened = store.dropdownOpened
  const offered = choices(people, { own, current, search })
  const first = offered[0]?.value
  // Once they are drawn: Enter takes the first of those that were found.
  // biome-ignore lint/correctness/useExhaustiveDependencies: whoever else comes first is the first one
  useEffect(() => {
    if (opened) store.selectFirstOption()
  }, [opened, search, first])
  return (
    <Combobox
      store={store}
      width={280}
      position="bottom-end"
      shadow="md"
      onOptionSubmit={(who) => {
        store.closeDropdown()
        assign(who === nobody ? '' : who)
      }}
    >
      <Combobox.Target withAriaAttributes={false}>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconUser size={14} aria-hidden />}
          aria-haspopup="listbox"
          aria-expanded={opened}
          onClick={() => store.toggleDropdown()}
        >
          Assign
        </Button>
      </Combobox.Target>
      <Combobox.Dropdown>
        <Combobox.Search
          value={search}
          onChange={(event) => {
            setSearch(event.currentTarget.value)
          }}
          maxLength={254}
          placeholder="A name, or an e-mail address"
          aria-label="Assign to"
        />
        <Combobox.Options mah={260} style={{ overflowY: 'auto' }} aria-label="People">
          {offered.map(({ value, label, hint }) => (
            <Combobox.Option key={value} value={value}>
              <EventText size="sm">{label}</EventText>
              {hint && (
                // As the option's own text: on the one that is chosen, dimmed words cannot be read.
                <Text size="xs" c="inherit">
                  {hint}
                </Text>
              )}
            </Combobox.Option>
          ))}
          {offered.length === 0 && (
            <Combobox.Empty>Nobody is called so. Write the whole address.</Combobox.Empty>
          )}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  )
}
