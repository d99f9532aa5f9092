import { Box, Group, Stack, Text } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { IconInbox } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useMemo } from 'react'
import { $api, type Schemas } from '@/api/client'
import { PageLink } from '@/link/PageLink'
import { useLiveRefresh } from '@/live/LiveProvider'
import { Empty } from '@/state/Empty'
import type { Column } from '@/table/columns'
import { VirtualTable } from '@/table/VirtualTable'
import { When } from '@/text/Ago'
import { Clock } from '@/text/Clock'
import { EventText } from '@/text/EventText'
import { Json } from '@/text/Json'
import { Severity } from '@/text/Severity'
import { visible } from '@/text/visible'
import classes from './Inbox.module.css'
import { severityOf, sizeOf, titleOf } from './payload'

type Capture = Schemas['Capture']

/** mostShown is how many payloads are read, the newest first; the hub keeps no more. */
const mostShown = 500

const columns: Column<Capture>[] = [
  { id: 'time', header: 'Received', width: '106px', cell: ({ time }) => <Clock time={time} /> },
  {
    id: 'what',
    header: 'Payload of',
    width: 'minmax(150px, 1fr)',
    cell: (capture) => <EventText>{titleOf(capture)}</EventText>,
  },
  {
    id: 'type',
    header: 'Type',
    width: 'minmax(140px, 216px)',
    cell: ({ type }) => (
      <span className={`mono ${classes.type}`} title={visible(type)}>
        <EventText>{type}</EventText>
      </span>
    ),
  },
]

/** Inbox is the list of what an integration captured, and the payload of the chosen one. */
export function Inbox({
  integration,
  event,
  open,
  empty,
}: {
  integration: string
  event: string | undefined
  open: (event: string | undefined) => void
  empty: ReactNode
}) {
  useLiveRefresh(['delivery'], ['get', '/api/v1/captures'])
  const wide = useMediaQuery('(min-width: 75em)', undefined, { getInitialValueInEffect: false }) ?? true
  const queries = useQueryClient()
  const query = $api.useQuery('get', '/api/v1/captures', {
    params: { query: { integration, limit: mostShown } },
  })
  const rows = query.data?.items ?? none
  const chosen = useMemo(() => rows.find((row) => row.event === event), [rows, event])
  const shown = chosen ?? (wide && !event ? rows[0] : undefined)
  return (
    <div className={classes.inbox} data-open={(!wide && event !== undefined) || undefined}>
      <div className={classes.list}>
        <VirtualTable
          label="Captured payloads"
          rows={rows}
          columns={columns}
          rowID={({ delivery }) => delivery}
          rowName={titleOf}
          card={(capture) => <Card capture={capture} />}
          open={(capture) => open(capture.event)}
          current={shown?.delivery ?? ''}
          loading={query.isPending}
          error={query.error}
          retry={() => void queries.invalidateQueries({ queryKey: ['get', '/api/v1/captures'] })}
          empty={
            <Empty
              icon={IconInbox}
              title="Nothing has come yet"
              text="Whatever this integration’s subscription wants shows up here as it is delivered. A sample is quick."
            >
              {empty}
            </Empty>
          }
        />
      </div>
      <div className={classes.payload}>
        {!wide && event !== undefined && (
          <PageLink underline="hover" to="/captures" search={{ integration }} size="sm">
            Back to the list
          </PageLink>
        )}
        {shown ? (
          <Payload capture={shown} />
        ) : (
          event !== undefined &&
          !query.isPending && (
            <Empty
              title="This payload is not here"
              text="It has not come yet, or newer ones took its place."
            />
          )
        )}
      </div>
    </div>
  )
}

const none: Capture[] = []

function Card({ capture }: { capture: Capture }) {
  return (
    <Stack gap={2}>
      <EventText lines={2} fw={600} size="sm">
        {titleOf(capture)}
      </EventText>
      <Text size="xs" c="dimmed">
        <span className="mono">
          <EventText>{capture.type}</EventText>
        </span>{' '}
        · <Clock time={capture.time} />
      </Text>
    </Stack>
  )
}

function Payload({ capture }: { capture: Capture }) {
  const severity = severityOf(capture)
  return (
    <Stack gap="xs" data-testid="payload">
      <Box>
        <EventText fw={650} lines={2}>
          {titleOf(capture)}
        </EventText>
        <Group gap="sm" mt={2}>
          {severity && <Severity value={severity} />}
          <Text size="xs" c="dimmed">
            <When time={capture.time} /> · {sizeOf(capture)}
          </Text>
        </Group>
        <Group gap="md" mt={4}>
          <PageLink underline="hover" to={`/events/${capture.event}`} size="sm">
            The event
          </PageLink>
          <PageLink underline="hover" to={`/deliveries/${capture.delivery}`} size="sm">
            The delivery
          </PageLink>
        </Group>
      </Box>
      <Json value={capture.payload} label="The payload as the receiver got it" maxHeight={2_000} />
    </Stack>
  )
}
