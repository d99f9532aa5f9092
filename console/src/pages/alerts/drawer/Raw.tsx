import { Select, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { $api } from '@/api/client'
import { PageLink } from '@/link/PageLink'
import { useCan } from '@/session/me'
import { Loaded } from '@/state/Loaded'
import { When } from '@/text/Ago'
import { Json } from '@/text/Json'
import type { Alert } from '../matches'

/** Raw shows the events that the alert is made of: as Tocsin has them, and as their sender wrote them. */
export function Raw({ alert }: { alert: Alert }) {
  const mayRead = useCan('events:read')
  const events = eventsOf(alert)
  const [event, setEvent] = useState(events[0] ?? '')
  if (!mayRead || !event)
    return (
      <Text size="sm" c="dimmed">
        {mayRead ? 'Its events are not known any more.' : 'Your role may not look at events.'}
      </Text>
    )
  return (
    <Stack>
      {events.length > 1 && (
        <Select
          label="Event"
          data={events.map((id, i) => ({ value: id, label: i === 0 ? `${id} (the newest)` : id }))}
          value={event}
          onChange={(value) => value && setEvent(value)}
          allowDeselect={false}
        />
      )}
      <OneEvent key={event} id={event} />
    </Stack>
  )
}

/** eventsOf are the events of an alert that are known by name, the newest first. */
function eventsOf({ last_event, first_event, history }: Alert): string[] {
  const named = [last_event, ...(history ?? []).map((line) => line.event), first_event]
  return [...new Set(named.filter((id): id is string => Boolean(id)))]
}

function OneEvent({ id }: { id: string }) {
  const query = $api.useQuery('get', '/api/v1/events/{id}', { params: { path: { id } } })
  return (
    <Loaded query={query} lines={10}>
      {({ raw, ...event }) => (
        <Stack>
          <Text size="sm" c="dimmed">
            Received <When time={event.received_at} inherit />.{' '}
            <PageLink to={`/events/${id}`}>Open the event</PageLink>
          </Text>
          {raw && <Json value={raw} label="As it was sent" />}
          <Json value={event} label="As Tocsin has it, with what was added" />
        </Stack>
      )}
    </Loaded>
  )
}
