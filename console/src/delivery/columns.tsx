import { Group, Stack, Text } from '@mantine/core'
import { IntegrationName } from '@/integration/IntegrationName'
import type { Column } from '@/table/columns'
import { Ago } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { full } from '@/text/number'
import { Severity } from '@/text/Severity'
import { State } from '@/text/State'
import classes from './columns.module.css'
import { causeClass, type Delivery, splitCause } from './words'

/** deliveryName names a delivery for those who do not see its line. */
export const deliveryName = (row: Delivery): string =>
  [row.title, row.type ?? 'A range of events', row.status, row.id].filter(Boolean).join(', ')

/**
 * What shows what a delivery carries: the event's title, its type where the event is not there any more, or how many
 * events a range held that expired.
 */
export function What({ row }: { row: Delivery }) {
  if (!row.event)
    return (
      <Text span inherit>
        {full(row.matched ?? 0)} events that expired
      </Text>
    )
  if (row.title) return <EventText inherit>{row.title}</EventText>
  return (
    <EventText inherit className="mono">
      {row.type}
    </EventText>
  )
}

/** Type is the event's type where it does not stand for the title already. */
function Type({ row }: { row: Delivery }) {
  if (!row.event || !row.title) return null
  return (
    <Text span size="xs" c="dimmed" className={`mono ${classes.type}`}>
      <EventText inherit>{row.type}</EventText>
    </Text>
  )
}

/** LastWord says why a delivery is where it is, in the words of its last error; of a delivered one, how sure that is. */
export function LastWord({ row }: { row: Delivery }) {
  if (row.cause) {
    const { what } = splitCause(row.cause)
    return (
      <EventText inherit c="dimmed" size="sm">
        {what}
      </EventText>
    )
  }
  if (row.status === 'delivered')
    return (
      <Text span inherit c="dimmed">
        {row.grade}
      </Text>
    )
  return (
    <Text span inherit c="dimmed">
      {row.cause_class ? causeClass(row.cause_class) : ''}
    </Text>
  )
}

/** deliveryColumns are the columns of every list of deliveries. */
export const deliveryColumns: readonly Column<Delivery>[] = [
  { id: 'status', header: 'Status', width: '108px', cell: (row) => <State value={row.status} /> },
  {
    id: 'type',
    header: 'Event',
    width: 'minmax(240px, 2.2fr)',
    cell: (row) => (
      <Group gap={8} wrap="nowrap">
        {row.event && <Severity value={row.severity} compact />}
        <span className={classes.what}>
          <What row={row} />
        </span>
        <Type row={row} />
      </Group>
    ),
  },
  {
    id: 'integration',
    header: 'Integration',
    width: 'minmax(130px, 0.8fr)',
    cell: (row) => <IntegrationName id={row.integration} />,
  },
  { id: 'word', header: 'Result', width: 'minmax(180px, 1.6fr)', cell: (row) => <LastWord row={row} /> },
  {
    id: 'attempts',
    header: 'Attempts',
    width: '84px',
    align: 'right',
    cell: (row) => <span className="numbers">{row.attempts || '–'}</span>,
  },
  {
    id: 'since',
    header: 'Since',
    width: '104px',
    align: 'right',
    cell: (row) => <Ago time={row.since} c="dimmed" />,
  },
]

/** deliveryCard is a delivery's line on a small screen. */
export const deliveryCard = (row: Delivery) => <DeliveryCard row={row} />

/** DeliveryCard is a delivery in a few lines; among says that all around it are of one integration, which is not named then. */
export function DeliveryCard({ row, among }: { row: Delivery; among?: boolean }) {
  return (
    <Stack gap={4}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Group gap={8} wrap="nowrap" miw={0}>
          {row.event && <Severity value={row.severity} compact />}
          <Text size="sm" fw={600} truncate>
            <What row={row} />
          </Text>
        </Group>
        <span className={classes.state}>
          <State value={row.status} />
        </span>
      </Group>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Group gap={8} wrap="nowrap" miw={0}>
          {!among && (
            <Text size="xs" truncate>
              <IntegrationName id={row.integration} />
            </Text>
          )}
          <Type row={row} />
        </Group>
        <Text size="xs" c="dimmed">
          <Ago time={row.since} />
        </Text>
      </Group>
      <Text size="xs" truncate>
        <LastWord row={row} />
      </Text>
    </Stack>
  )
}
