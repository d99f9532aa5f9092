import { Skeleton, Text } from '@mantine/core'
import {
  type Icon,
  IconArrowDownCircle,
  IconBell,
  IconClockHour4,
  IconMailExclamation,
  IconPlugConnectedX,
  IconSend,
  IconShieldLock,
  IconStack2,
} from '@tabler/icons-react'
import type { ReactNode } from 'react'
import type { Schemas } from '@/api/client'
import { useLiveHealth } from '@/app/shell/health'
import { Spark } from '@/charts/Spark'
import { anyFailing } from '@/integration/standing'
import { PageLink } from '@/link/PageLink'
import { can, useMe } from '@/session/me'
import { full, milliseconds, short } from '@/text/number'
import { held, type Lines, rate } from './lines'
import classes from './Overview.module.css'

/** tileSteps is how many of the last steps a tile's line shows. */
const tileSteps = 60

interface Figure {
  label: string
  icon: Icon
  to: string
  search?: Record<string, string>
  scope: string
  value: string | undefined
  unit?: string
  note: ReactNode
  bad?: boolean
  line?: (number | null)[] | undefined
}

/** Tiles are the hub's state in figures, live; each leads to the page that explains it. */
export function Tiles({
  pulse,
  lines,
  failed,
}: {
  pulse: Schemas['Pulse'] | undefined
  lines: Lines | undefined
  /** failed: there will be no pulse; what only it has is not known. */
  failed?: boolean
}) {
  const { scopes } = useMe()
  const figures = useFigures(pulse, lines).filter(({ scope }) => can(scopes, scope))
  return (
    <nav className={classes.tiles} aria-label="The hub in figures">
      {figures.map((figure) => (
        <Tile key={figure.label} figure={failed ? { ...figure, value: figure.value ?? '–' } : figure} />
      ))}
    </nav>
  )
}

function useFigures(pulse: Schemas['Pulse'] | undefined, lines: Lines | undefined): Figure[] {
  const live = useLiveHealth()
  const now = pulse?.now
  const backlog = live?.backlog ?? now?.backlog
  const failing = live?.failing ?? now?.failing
  const mailbox = live?.mailbox ?? now?.mailbox
  const number = (n: number | undefined) => (n === undefined ? undefined : short(n))
  const perSecond = (n: number | undefined) => (n === undefined ? undefined : rate(n))
  const ms = (n: number | undefined) => (n === undefined ? '–' : milliseconds(n))
  return [
    {
      label: 'Events in',
      icon: IconArrowDownCircle,
      to: '/events',
      scope: 'events:read',
      value: perSecond(live?.received_per_second ?? now?.received_per_second),
      unit: '/s',
      note: 'made durable',
      line: lines?.received.map(orNone),
    },
    {
      label: 'Delivered',
      icon: IconSend,
      to: '/deliveries',
      search: { status: 'delivered' },
      scope: 'deliveries:read',
      value: perSecond(live?.delivered_per_second ?? now?.delivered_per_second),
      unit: '/s',
      note: 'to all integrations',
      line: lines?.delivered.map(orNone),
    },
    {
      label: 'Time to deliver',
      icon: IconClockHour4,
      to: '/deliveries',
      scope: 'deliveries:read',
      value: now && ms(now.p50_ms),
      note: <>p99 {ms(now?.p99_ms)}, last minute</>,
      line: lines && held(lines.p50),
    },
    {
      label: 'Backlog',
      icon: IconStack2,
      to: '/deliveries',
      search: { status: 'waiting' },
      scope: 'deliveries:read',
      value: number(backlog),
      note: backlog ? 'on their way or parked' : 'nothing waits',
      line: lines?.backlog.map(orNone),
    },
    {
      label: 'Failing integrations',
      icon: IconPlugConnectedX,
      to: '/integrations',
      search: { state: anyFailing },
      scope: 'integrations:read',
      value: number(failing),
      note: failing ? 'their last attempt failed' : 'every last attempt succeeded',
      bad: Boolean(failing),
    },
    {
      label: 'Mailbox',
      icon: IconMailExclamation,
      to: '/mailbox',
      scope: 'deliveries:read',
      value: number(mailbox),
      note: mailbox ? 'failed for good; replay them' : 'nothing failed for good',
      bad: Boolean(mailbox),
    },
    {
      label: 'Open alerts',
      icon: IconBell,
      to: '/alerts',
      search: { status: 'open' },
      scope: 'alerts:read',
      value: number(live?.alerts_open),
      note: amount(live?.incidents_open, 'incident open', 'incidents open'),
    },
    {
      label: 'Active blocks',
      icon: IconShieldLock,
      to: '/blocks',
      scope: 'blocks:read',
      value: number(live?.blocks_active),
      note: live?.blocks_pending
        ? amount(live.blocks_pending, 'waits for approval', 'wait for approval')
        : 'none waits for approval',
    },
  ]
}

/** fewestFigures is of how many figures a line is made at least: of fewer it says nothing. */
const fewestFigures = 5

const drawable = (line: readonly (number | null)[]): boolean =>
  line.filter((value) => value !== null).length >= fewestFigures

/** orNone: while the hub was not up, nothing came. */
const orNone = (value: number | null): number => value ?? 0

const amount = (n: number | undefined, one: string, many: string) =>
  n === undefined ? '\u00a0' : `${full(n)} ${n === 1 ? one : many}`

function Tile({ figure }: { figure: Figure }) {
  const { label, icon: Picture, to, search, value, unit, note, bad, line } = figure
  return (
    <PageLink
      to={to}
      search={search ?? {}}
      className={classes.tile}
      data-bad={bad || undefined}
      underline="never"
    >
      <span className={classes.tileLabel}>
        <Picture size={15} stroke={1.8} aria-hidden />
        {label}
      </span>
      <span className={classes.tileFigure}>
        {value === undefined ? (
          <Skeleton component="span" display="inline-block" width={56} height={24} />
        ) : (
          <span className="numbers">
            {value}
            {unit && <small>{unit}</small>}
          </span>
        )}
      </span>
      <Text span size="xs" c="dimmed" truncate className={classes.tileNote}>
        {note}
      </Text>
      {line && drawable(line) && (
        <span className={classes.tileSpark} aria-hidden>
          <Spark values={line.slice(-tileSteps)} summary="" width={84} height={28} />
        </span>
      )}
    </PageLink>
  )
}
