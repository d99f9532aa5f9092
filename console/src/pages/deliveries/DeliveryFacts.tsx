import { Anchor, Box, Group, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Schemas } from '@/api/client'
import { WhySkipped } from '@/delivery/WhySkipped'
import { causeClass, type Delivery, gradeMeaning, splitCause, statusMeaning } from '@/delivery/words'
import { IntegrationName } from '@/integration/IntegrationName'
import { Ago, When } from '@/text/Ago'
import { Copy } from '@/text/Copy'
import { EventText } from '@/text/EventText'
import { type FactLine, Facts } from '@/text/Facts'
import { Identifier } from '@/text/Identifier'
import { full } from '@/text/number'
import classes from './DeliveryFacts.module.css'
import { useProbed } from './useProbed'

/** DeliveryFacts says of a delivery where it stands, why, what comes next, and what it has to do with others. */
export function DeliveryFacts({ row }: { row: Delivery }) {
  const probed = useProbed(row)
  return (
    <Box className={classes.box}>
      <Facts facts={facts(row, probed)} />
    </Box>
  )
}

function facts(row: Delivery, probed: boolean): FactLine[] {
  const list: FactLine[] = [['Status', <Standing key="" row={row} />]]
  if (row.cause) list.push(['Cause', <Cause key="" row={row} />])
  if (probed)
    list.push([
      'Next attempt',
      <span key="">
        <b>as soon as the receiver answers</b>{' '}
        <Dim>It fails, and is probed: every second at first, later down to every 30 seconds.</Dim>
      </span>,
    ])
  else if (row.due)
    list.push([
      row.status === 'held' ? 'Goes out' : 'Next attempt',
      <span key="">
        <Ago time={row.due} inherit fw={600} /> <Dim>{<When time={row.due} inherit />}</Dim>
      </span>,
    ])
  if (row.grade)
    list.push([
      'Grade',
      <span key="">
        {row.grade} <Dim>{gradeMeaning(row.grade)}</Dim>
      </span>,
    ])
  if (row.matched) list.push(['Events', `${full(row.matched)} that the integration wanted`])
  if (row.event) list.push(['Event', <EventLink key="" id={row.event} />])
  if (row.ordering_key)
    list.push([
      'Ordering key',
      <EventText key="" inherit className="mono">
        {row.ordering_key}
      </EventText>,
    ])
  if (row.job)
    list.push([
      'Brought by',
      <Anchor key="" component={Link} to={`/deliveries/jobs/${row.job}`} inherit>
        a backfill
      </Anchor>,
    ])
  if (row.fallback_of) list.push(['Fallback of', <Other key="" link={row.fallback_of} />])
  if (row.fallback) list.push(['Fallback', <Other key="" link={row.fallback} />])
  list.push(['Delivery id', <Identifier key="" value={row.id} what="the delivery's id" />])
  return list
}

function Dim({ children }: { children: ReactNode }) {
  return (
    <Text span inherit c="dimmed">
      {children}
    </Text>
  )
}

function Standing({ row }: { row: Delivery }) {
  return (
    <span>
      {row.status === 'skipped' ? <WhySkipped row={row} /> : statusMeaning(row.status)}{' '}
      <Dim>
        {row.since && (
          <>
            {row.status === 'delivered' ? 'Delivered' : 'Since'} <When time={row.since} inherit />.
          </>
        )}
      </Dim>
    </span>
  )
}

function Cause({ row }: { row: Delivery }) {
  const { what } = splitCause(row.cause)
  return (
    <span>
      <EventText inherit>{what}</EventText>{' '}
      {row.cause_class && <Dim>({causeClass(row.cause_class).toLowerCase()})</Dim>}
    </span>
  )
}

function EventLink({ id }: { id: string }) {
  return (
    <Group gap={2} wrap="nowrap" display="inline-flex" maw="100%">
      <Anchor component={Link} to={`/events/${id}`} inherit className="mono" truncate title={id}>
        {id}
      </Anchor>
      <Copy text={id} what="the event’s id" />
    </Group>
  )
}

function Other({ link }: { link: Schemas['DeliveryLink'] }) {
  return (
    <span>
      <Anchor component={Link} to={`/deliveries/${link.delivery}`} inherit underline="always">
        the delivery
      </Anchor>{' '}
      to <IntegrationName id={link.integration} link />
    </span>
  )
}
