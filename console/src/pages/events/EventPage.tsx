import { Box, Group, SegmentedControl, Stack, Text } from '@mantine/core'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { $api, type Schemas } from '@/api/client'
import { EntityLines } from '@/entity/EntityLines'
import { PageLink } from '@/link/PageLink'
import { Page } from '@/page/Page'
import { Panel } from '@/page/Panel'
import { useCan } from '@/session/me'
import { Loaded } from '@/state/Loaded'
import { When } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { Identifier } from '@/text/Identifier'
import { Json } from '@/text/Json'
import { Severity } from '@/text/Severity'
import { visible } from '@/text/visible'
import { WhereItWent } from '@/trace/WhereItWent'
import { EventFacts } from './EventFacts'
import classes from './EventPage.module.css'
import { asSent, envelopeOf } from './raw'

/** longestTitle is how many characters of an event's title name its window. */
const longestTitle = 200

/** EventPage is one event: what it says, as it was sent, and where it went. */
export function EventPage() {
  const { id } = useParams({ from: '/shell/events/$id' })
  const query = $api.useQuery('get', '/api/v1/events/{id}', { params: { path: { id } } })
  const title = query.data ? visible(query.data.title || query.data.type) : 'Event'
  return (
    <Page
      title={title.slice(0, longestTitle)}
      name={query.data?.title || title}
      back={{ to: '/events', label: 'Events' }}
      about={<Identifier value={id} what="the event’s id" />}
    >
      <Loaded query={query} lines={12}>
        {(event) => <Details event={event} />}
      </Loaded>
    </Page>
  )
}

function Details({ event }: { event: Schemas['Event'] }) {
  return (
    <div className={classes.columns}>
      <Stack gap="sm" miw={0}>
        <Panel>
          <Group gap="md">
            <Severity value={event.severity} />
            <Text size="sm" className="mono">
              <EventText>{event.type}</EventText>
            </Text>
            <Text size="sm" c="dimmed">
              received <When time={event.received_at} />
            </Text>
          </Group>
          {event.description && (
            <EventText size="sm" mt="xs" display="block">
              {event.description}
            </EventText>
          )}
          <Box mt="sm">
            <EventFacts event={event} />
          </Box>
          <AlertLink event={event} />
        </Panel>
        {event.entities && event.entities.length > 0 && (
          <Panel title="Entities">
            <EntityLines entities={event.entities} event={event.id} />
          </Panel>
        )}
        <Panel title="Where it went">
          <WhereItWent event={event.id} />
        </Panel>
      </Stack>
      <Documents event={event} />
    </div>
  )
}

/** AlertLink leads to the alert that the event was folded into. */
function AlertLink({ event }: { event: Schemas['Event'] }) {
  const allowed = useCan('alerts:read')
  const { dedup_key, type } = event
  const { data } = $api.useQuery(
    'get',
    '/api/v1/alerts',
    { params: { query: { dedup_key: dedup_key ?? '', limit: 1 } } },
    { enabled: allowed && type.startsWith('alert.') && Boolean(dedup_key) },
  )
  const [alert] = data?.items ?? []
  if (!alert) return null
  return (
    <PageLink underline="hover" to={`/alerts/${alert.id}`} size="sm" fw={600} display="inline-block" mt="sm">
      Open its alert
    </PageLink>
  )
}

function Documents({ event }: { event: Schemas['Event'] }) {
  const [shown, setShown] = useState('envelope')
  const sent = asSent(event)
  return (
    <Panel
      title="Document"
      actions={
        <SegmentedControl
          size="xs"
          aria-label="Which document"
          value={shown}
          onChange={setShown}
          data={[
            { value: 'envelope', label: 'As Tocsin keeps it' },
            { value: 'sent', label: 'As it was sent', disabled: sent === undefined },
          ]}
        />
      }
    >
      {shown === 'sent' && sent ? (
        <Json value={sent.text} label={sent.label} maxHeight={900} />
      ) : (
        <Json value={envelopeOf(event)} label="Envelope" maxHeight={900} />
      )}
      {sent === undefined && (
        <Text size="xs" c="dimmed" mt="xs">
          The hub made this event itself: nobody sent it.
        </Text>
      )}
    </Panel>
  )
}
