import { Kbd, UnstyledButton } from '@mantine/core'
import { Spotlight, type SpotlightActionData, spotlight } from '@mantine/spotlight'
import { IconArrowRight, IconSearch } from '@tabler/icons-react'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { can, useMe } from '@/session/me'
import { places } from './navigation'
import classes from './Shell.module.css'
import { wayTo } from './wayTo'

/** SearchButton opens the search, and says by which key. */
export function SearchButton() {
  return (
    <UnstyledButton className={classes.search} onClick={() => spotlight.open()} aria-label="Search or go to">
      <IconSearch size={16} aria-hidden />
      <span>Search or go to…</span>
      <Kbd size="xs">/</Kbd>
    </UnstyledButton>
  )
}

/** Search finds pages by name, things by their id, and alerts by their words. */
export function Search() {
  const navigate = useNavigate()
  const { scopes } = useMe()
  const [query, setQuery] = useState('')
  const text = query.trim()
  const go = (href: string) => () => void navigate({ href })
  const found: SpotlightActionData[] = places
    .filter(
      (place) =>
        (!place.scopes || can(scopes, ...place.scopes)) &&
        place.label.toLowerCase().includes(text.toLowerCase()),
    )
    .map((place) => ({
      id: place.path,
      label: place.label,
      onClick: go(place.path),
      leftSection: <place.icon size={18} aria-hidden />,
    }))
  const way = wayTo(text)
  if (way) {
    found.unshift({
      id: 'way',
      label: `Open ${text}`,
      description: way.what,
      onClick: go(way.href),
      leftSection: <IconArrowRight size={18} aria-hidden />,
    })
  }
  if (text && can(scopes, 'alerts:read')) {
    found.push({
      id: 'alerts-with',
      label: `Alerts with “${text}”`,
      description: 'In titles, descriptions, entities, rules and keys',
      onClick: go(`/alerts?q=${encodeURIComponent(JSON.stringify(text))}`),
      leftSection: <IconSearch size={18} aria-hidden />,
    })
  }
  return (
    <Spotlight
      actions={found}
      query={query}
      onQueryChange={setQuery}
      filter={(_, actions) => actions}
      shortcut={['mod + K', '/']}
      nothingFound="Nothing has this name. Paste an id, or type words of an alert."
      searchProps={{
        leftSection: <IconSearch size={18} aria-hidden />,
        placeholder: 'A page, an id, or words of an alert',
        'aria-label': 'Search',
      }}
      scrollable
      maxHeight={420}
    />
  )
}
