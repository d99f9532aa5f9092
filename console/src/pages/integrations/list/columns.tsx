import { Group, Stack, Text, Tooltip } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { Spark } from '@/charts/Spark'
import { Cause } from '@/delivery/Cause'
import { splitCause } from '@/delivery/words'
import { Monogram } from '@/integration/Monogram'
import type { Column } from '@/table/columns'
import { Ago } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { count, full, short } from '@/text/number'
import { State } from '@/text/State'
import { useNow } from '@/text/time'
import { visible } from '@/text/visible'
import type { Line } from './line'
import { rotationOf, rotationWords } from './rotation'

/** Name shows what an integration is called and what it is made of, and leads to it. */
export function Name({ line }: { line: Line }) {
  return (
    <Group gap={10} wrap="nowrap" miw={0}>
      <Monogram title={line.title} small />
      <Stack gap={0} miw={0}>
        <Link
          to="/integrations/$id/{-$tab}"
          params={{ id: line.integration.id }}
          style={{
            color: 'inherit',
            textDecoration: 'none',
            overflow: 'hidden',
            textOverflow: 'ellipsis',
            lineHeight: 1.25,
          }}
        >
          <EventText fw={600} size="sm">
            {line.integration.name}
          </EventText>
        </Link>
        <Text size="xs" c="dimmed" lh={1.25} truncate>
          {line.title}
        </Text>
      </Stack>
    </Group>
  )
}

/** StandingState shows how an integration is doing, and why when asked. */
export function StandingState({ line }: { line: Pick<Line, 'standing'> }) {
  const { word, tone, why } = line.standing
  const state = <State value={word} tone={tone} />
  if (!why) return state
  return (
    <Tooltip label={<Cause cause={why} lines={6} />} multiline maw={380}>
      <span>{state}</span>
    </Tooltip>
  )
}

/** Figure shows a count, loud when it is bad that there is one. */
export function Figure({ value, bad }: { value: number; bad?: boolean }) {
  return (
    <Text
      span
      inherit
      className="numbers"
      title={full(value)}
      c={value === 0 ? 'dimmed' : undefined}
      fw={value > 0 && bad ? 650 : undefined}
      style={value > 0 && bad ? { color: 'var(--tocsin-bad)' } : undefined}
    >
      {short(value)}
    </Text>
  )
}

const Nothing = () => (
  <Text span inherit c="dimmed">
    –
  </Text>
)

function Pulse({ line }: { line: Line }): ReactNode {
  if (line.responder) {
    const { used, capacity } = line.responder
    return (
      <Text size="xs" c="dimmed" className="numbers">
        {capacity ? `${full(used)} of ${full(capacity)} addresses` : count(used, 'address', 'addresses')}
      </Text>
    )
  }
  if (!line.delivers || line.values.length === 0) return <Nothing />
  return (
    <Spark
      values={line.values}
      summary={`${count(line.delivered, 'delivery', 'deliveries')} in the last day`}
      width={106}
    />
  )
}

/** Rotation shows until when the credentials are to be changed. */
export function RotationDue({ date }: { date: string }) {
  const due = rotationOf(date, useNow())
  if (!due) return <Nothing />
  const color =
    due.state === 'overdue' ? 'var(--tocsin-bad)' : due.state === 'soon' ? 'var(--tocsin-warn)' : undefined
  return (
    <Text span inherit title={`to be changed by ${date}`} style={{ color }} fw={color ? 600 : undefined}>
      {rotationWords(due)}
    </Text>
  )
}

/** columnsFor are the columns of a list of integrations: those in which no line has anything are left out. */
export function columnsFor(lines: readonly Line[]): Column<Line>[] {
  const has: Record<string, boolean> = {
    owner: lines.some((line) => line.integration.owner),
    rotation: lines.some((line) => line.integration.rotate_by),
  }
  return columns.filter(({ id }) => has[id] ?? true)
}

const columns: Column<Line>[] = [
  { id: 'name', header: 'Name', width: 'minmax(210px, 1.6fr)', cell: (line) => <Name line={line} /> },
  { id: 'state', header: 'State', width: '120px', cell: (line) => <StandingState line={line} /> },
  { id: 'pulse', header: 'Last 24 hours', width: '130px', cell: (line) => <Pulse line={line} /> },
  {
    id: 'rate',
    header: 'Last hour',
    width: '90px',
    align: 'right',
    cell: (line) => (line.delivers ? <Figure value={line.lastHour} /> : <Nothing />),
  },
  {
    id: 'backlog',
    header: 'Backlog',
    width: '84px',
    align: 'right',
    cell: (line) => (line.delivers ? <Figure value={line.backlog} /> : <Nothing />),
  },
  {
    id: 'mailbox',
    header: 'Mailbox',
    width: '84px',
    align: 'right',
    cell: (line) => (line.delivers ? <Figure value={line.mailbox} bad /> : <Nothing />),
  },
  {
    id: 'error',
    header: 'Last error',
    width: 'minmax(170px, 2fr)',
    cell: (line) =>
      line.lastError ? (
        <span title={visible(line.lastError)}>
          <Ago time={line.lastErrorAt} c="dimmed" size="xs" />{' '}
          <EventText size="xs">{splitCause(line.lastError).what}</EventText>
        </span>
      ) : (
        <Nothing />
      ),
  },
  {
    id: 'owner',
    header: 'Owner',
    width: 'minmax(110px, 0.8fr)',
    cell: (line) =>
      line.integration.owner ? <EventText size="sm">{line.integration.owner}</EventText> : <Nothing />,
  },
  {
    id: 'rotation',
    header: 'Rotation',
    width: '124px',
    cell: (line) => <RotationDue date={line.integration.rotate_by} />,
  },
]
