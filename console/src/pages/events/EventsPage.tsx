import { Button } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconAffiliate, IconSend } from '@tabler/icons-react'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { api, type Schemas } from '@/api/client'
import { PageLink } from '@/link/PageLink'
import { Page } from '@/page/Page'
import { SendSample } from '@/sample/SendSample'
import { useCan } from '@/session/me'
import { Empty } from '@/state/Empty'
import type { Column } from '@/table/columns'
import { News } from '@/table/News'
import { pageSize, usePages } from '@/table/pages'
import { VirtualTable } from '@/table/VirtualTable'
import { Clock } from '@/text/Clock'
import { EventText } from '@/text/EventText'
import { count } from '@/text/number'
import { Severity } from '@/text/Severity'
import { EventCard } from './EventCard'
import { Filters } from './Filters'
import type { EventFilter } from './filter'
import { sourceOf } from './source'
import { mostCounted, useNewEvents } from './useNewEvents'

type Event = Schemas['Event']

const columns: Column<Event>[] = [
  {
    id: 'severity',
    header: 'Severity',
    width: '108px',
    cell: ({ severity }) => <Severity value={severity} />,
  },
  {
    id: 'title',
    header: 'Event',
    width: 'minmax(240px, 2fr)',
    cell: ({ id, title, type }) => (
      <PageLink underline="hover" to={`/events/${id}`} c="inherit" size="sm">
        <EventText>{title || type}</EventText>
      </PageLink>
    ),
  },
  {
    id: 'type',
    header: 'Type',
    width: 'minmax(150px, 220px)',
    cell: ({ type }) => (
      <span className="mono">
        <EventText>{type}</EventText>
      </span>
    ),
  },
  {
    id: 'source',
    header: 'Source',
    width: 'minmax(110px, 170px)',
    cell: (event) => <EventText>{sourceOf(event) || '–'}</EventText>,
  },
  {
    id: 'project',
    header: 'Project',
    width: 'minmax(100px, 150px)',
    cell: ({ project }) => <EventText>{project || '–'}</EventText>,
  },
  { id: 'received', header: 'Received', width: '106px', cell: (event) => <Clock time={event.received_at} /> },
]

const newsOf = (fresh: number): string =>
  fresh === 0 ? '' : fresh >= mostCounted ? `More than ${mostCounted} new events` : count(fresh, 'new event')

/** EventsPage lists what was taken in, the newest first. New ones are announced, and shown when asked for. */
export function EventsPage() {
  const filter = useSearch({ from: '/shell/events' })
  const navigate = useNavigate()
  const write = useCan('events:write')
  const [round, setRound] = useState(0)
  const [sending, { open, close }] = useDisclosure()
  const read = async (cursor: string, signal: AbortSignal) => {
    const query = { limit: pageSize, ...filter, ...(cursor ? { cursor } : {}) }
    return (await api.GET('/api/v1/events', { params: { query }, signal })).data ?? { items: [] }
  }
  const list = usePages<Event, Schemas['ListEvent']>(['get', '/api/v1/events', filter, round], read)
  const fresh = useNewEvents(filter, round, {
    read: !list.loading && !list.changing,
    newest: list.rows[0]?.id,
    again: async (signal) => (await read('', signal)).items ?? [],
  })
  const choose = (next: EventFilter) => void navigate({ to: '/events', search: next, replace: true })
  const filtered = Object.keys(filter).length > 0
  const sample = write && (
    <Button variant="default" onClick={open} leftSection={<IconSend size={16} aria-hidden />}>
      Send a sample event
    </Button>
  )
  return (
    <Page
      fill
      title="Events"
      about="What the hub has taken in, as far back as the journal goes."
      actions={sample}
    >
      <Filters filter={filter} choose={choose} />
      <News text={newsOf(fresh)} show={() => setRound(round + 1)}>
        <VirtualTable
          label="Events"
          {...list}
          columns={columns}
          rowID={({ id }) => id}
          rowName={({ title, type }) => title || type}
          card={(event) => <EventCard event={event} />}
          open={({ id }) => void navigate({ to: '/events/$id', params: { id } })}
          empty={
            filtered ? (
              <Empty icon={IconAffiliate} title="No event matches">
                <Button variant="light" onClick={() => choose({})}>
                  Show all events
                </Button>
              </Empty>
            ) : (
              <Empty
                icon={IconAffiliate}
                title="No event yet"
                text="Connect a source, or send a sample to see what happens to one."
              >
                {sample}
              </Empty>
            )
          }
        />
      </News>
      <SendSample opened={sending} close={close} />
    </Page>
  )
}
