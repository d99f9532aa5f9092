import { Kbd, UnstyledButton } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { createSpotlight, Spotlight, type SpotlightActionData } from '@mantine/spotlight'
import {
  IconArrowRight,
  IconBell,
  IconFlame,
  IconPlugConnected,
  IconSearch,
  IconShieldLock,
} from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { type Integration, integrationsQuery, namesKeep } from '@/integration/integrations'
import { can, useMe } from '@/session/me'
import { visible } from '@/text/visible'
import { places } from './navigation'
import classes from './Shell.module.css'
import { useFound } from './useFound'
import { wayTo } from './wayTo'

const [store, spotlight] = createSpotlight()

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

/** typingPause is how long somebody may pause while typing, in milliseconds, before things are looked for. */
const typingPause = 250

// The pictures are those of the navigation.
const pictures = { block: IconShieldLock, alert: IconBell, incident: IconFlame }

/** called are the integrations with a text in their name. */
const called = (text: string, all: readonly Integration[] = []): Integration[] =>
  text === ''
    ? []
    : all.filter(({ name }) => name.toLowerCase().includes(text.toLowerCase())).slice(0, mostIntegrations)

/** Search finds pages and integrations by name, things by their id, and blocks, alerts and incidents by their words. */
export function Search() {
  const navigate = useNavigate()
  const { scopes } = useMe()
  const [query, setQuery] = useState('')
  const text = query.trim()
  const [asked] = useDebouncedValue(text, typingPause)
  // What was asked for last must not be asked for again when the search is opened anew.
  const things = useFound(text === '' ? '' : asked)
  useSelectionKept(things.length)
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
  for (const { kind, href, label, about } of things) {
    const Picture = pictures[kind]
    found.push({
      id: href,
      label,
      description: about,
      onClick: go(href),
      leftSection: <Picture size={18} aria-hidden />,
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
      store={store}
      actions={found}
      query={query}
      onQueryChange={setQuery}
      filter={(_, actions) => actions}
      shortcut={['mod + K', '/']}
      nothingFound="Nothing has this name. Paste an id, or type words of an alert."
      searchProps={{
        leftSection: <IconSearch size={18} aria-hidden />,
        placeholder: 'A page, a name, an id, an address…',
        'aria-label': 'Search',
      }}
      attributes={{ content: { 'aria-label': 'Search or go to' } }}
      scrollable
      maxHeight={420}
      centered={false}
      yOffset="12vh"
      overlayProps={{ backgroundOpacity: 0.5, blur: 0 }}
      classNames={{
        action: classes.found,
        actionBody: classes.foundBody,
        actionLabel: classes.foundText,
        actionDescription: classes.foundText,
      }}
    />
  )
}

/**
 * useSelectionKept lets the arrow keys go on from the line that is selected when others have come before it. What is selected
 * stays so: Enter does what it would have done.
 */
function useSelectionKept(lines: number): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: lines that come are what moves the one that is selected
  useEffect(() => {
    const { listId } = store.getState()
    const actions = [...(document.getElementById(listId)?.querySelectorAll('[data-action]') ?? [])]
    const selected = actions.findIndex((action) => action.hasAttribute('data-selected'))
    if (selected > 0) store.updateState((state) => ({ ...state, selected }))
  }, [lines])
}
