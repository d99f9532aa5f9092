import { Kbd, UnstyledButton } from '@mantine/core'
import { Spotlight, type SpotlightActionData, spotlight } from '@mantine/spotlight'
import { IconArrowRight, IconPlugConnected, IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { type Integration, integrationsQuery, namesKeep } from '@/integration/integrations'
import { can, useMe } from '@/session/me'
import { visible } from '@/text/visible'
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

/** wordPlaces are the lists that can be searched for words. */
const wordPlaces = [
  {
    label: 'Alerts with',
    path: '/alerts',
    by: 'q',
    scope: 'alerts:read',
    where: 'In titles, descriptions, entities, rules and keys',
  },
  {
    label: 'Incidents with',
    path: '/incidents',
    by: 'q',
    scope: 'incidents:read',
    where: 'In titles',
  },
  {
    label: 'Blocks of',
    path: '/blocks',
    by: 'q',
    scope: 'blocks:read',
    where: 'Of an address or a range, or with these words in the reason',
  },
]

/** mostIntegrations is how many integrations are offered. */
const mostIntegrations = 5

/** called are the integrations with a text in their name. */
const called = (text: string, all: readonly Integration[] = []): Integration[] =>
  text === ''
    ? []
    : all.filter(({ name }) => name.toLowerCase().includes(text.toLowerCase())).slice(0, mostIntegrations)

/** Search finds pages and integrations by name, things by their id, and alerts, incidents and blocks by their words. */
export function Search() {
  const navigate = useNavigate()
  const { scopes } = useMe()
  const [query, setQuery] = useState('')
  const text = query.trim()
  const integrations = useQuery({
    ...integrationsQuery,
    enabled: text !== '' && can(scopes, 'integrations:read'),
    staleTime: namesKeep,
  })
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
  for (const { id, name, kind } of called(text, integrations.data)) {
    found.push({
      id,
      label: visible(name),
      description: `Integration, ${kind}`,
      onClick: go(`/integrations/${id}`),
      leftSection: <IconPlugConnected size={18} aria-hidden />,
    })
  }
  for (const place of text ? wordPlaces : []) {
    if (!can(scopes, place.scope)) continue
    found.push({
      id: place.path,
      label: `${place.label} “${text}”`,
      description: place.where,
      onClick: go(`${place.path}?${place.by}=${encodeURIComponent(JSON.stringify(text))}`),
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
        placeholder: 'A page, an integration, an id, an address, words of an alert',
        'aria-label': 'Search',
      }}
      scrollable
      maxHeight={420}
    />
  )
}
