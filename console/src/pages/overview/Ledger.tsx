import { Box, Button, Group, Progress, ScrollArea, Table, Text, Tooltip } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import {
  IconAlertTriangleFilled,
  IconChevronDown,
  IconChevronRight,
  IconCircleCheckFilled,
} from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useId } from 'react'
import type { Schemas } from '@/api/client'
import { PageLink } from '@/link/PageLink'
import { Panel } from '@/page/Panel'
import { Loaded } from '@/state/Loaded'
import { statsQuery } from '@/stats/statsQuery'
import { EventText } from '@/text/EventText'
import { count, full } from '@/text/number'
import classes from './Ledger.module.css'
import { type Counts, type End, endMeanings, ends, sumOf, type Verdict, verdictOf } from './ledger'

/** endColors are the colours of what became of events: the same words have the same colours in all pages. */
const endColors: Record<End, string> = {
  delivered: 'var(--tocsin-good)',
  waiting: 'var(--tocsin-low)',
  parked: 'var(--tocsin-medium)',
  mailbox: 'var(--tocsin-bad)',
  discarded: 'var(--tocsin-info)',
  expired: 'var(--tocsin-high)',
  skipped: 'var(--mantine-color-gray-5)',
  lost: 'var(--tocsin-critical)',
}

/** Ledger says whether anything was lost: what came in, what became of it at each integration, and whether that adds up. */
export function Ledger() {
  const query = useQuery(statsQuery())
  return (
    <Panel title="Nothing lost" flush>
      <Box mih={150}>
        <Loaded query={query} lines={7}>
          {(stats) => <Balance stats={stats} />}
        </Loaded>
      </Box>
    </Panel>
  )
}

function Balance({ stats }: { stats: Schemas['Stats'] }) {
  const sum = sumOf(stats.integrations.map(({ counts }) => counts))
  const verdict = verdictOf(stats)
  return (
    <>
      <Box px="md" pb="sm">
        <Said verdict={verdict} stats={stats} />
        {sum.matched > 0 && <Bar counts={sum} />}
      </Box>
      {stats.integrations.length > 0 && (
        <Opened by="Figures of each integration" opened={!verdict.good}>
          <Accounts stats={stats} sum={sum} verdict={verdict} />
        </Opened>
      )}
    </>
  )
}

/** Opened shows more when somebody wants it; or from the beginning, with opened. */
function Opened({ by, opened, children }: { by: string; opened: boolean; children: ReactNode }) {
  const [shown, { toggle }] = useDisclosure(opened)
  const id = useId()
  return (
    <>
      <Button
        variant="subtle"
        size="compact-sm"
        ml="xs"
        mb="sm"
        onClick={toggle}
        aria-expanded={shown}
        aria-controls={id}
        leftSection={
          shown ? <IconChevronDown size={15} aria-hidden /> : <IconChevronRight size={15} aria-hidden />
        }
      >
        {by}
      </Button>
      <div id={id}>{shown && children}</div>
    </>
  )
}

function Said({ verdict, stats }: { verdict: Verdict; stats: Schemas['Stats'] }) {
  const Picture = verdict.good ? IconCircleCheckFilled : IconAlertTriangleFilled
  const many = count(stats.integrations.length, 'integration')
  return (
    <Group gap="sm" wrap="nowrap" align="flex-start" role="status" data-testid="verdict">
      <Picture size={24} aria-hidden className={classes.mark} data-good={verdict.good} />
      <Box miw={0}>
        <Text fw={650} fz="md" component="p" m={0} c={verdict.good ? undefined : 'error'}>
          <EventText>{verdict.title}</EventText>
        </Text>
        <Text size="sm" c="dimmed" component="div">
          {verdict.good
            ? `${count(stats.journalled, 'event')} journalled, ${many}; every event is accounted for at each.`
            : verdict.faults.map((fault) => (
                <div key={fault.integration}>
                  <PageLink underline="hover" to={`/integrations/${fault.integration}`} size="sm">
                    <EventText>{fault.name}</EventText>
                  </PageLink>
                  : {fault.why.join('; ')}
                </div>
              ))}
          {stats.dropped > 0 &&
            ` ${full(stats.dropped)} more were dropped by mapping rules before the journal.`}
        </Text>
      </Box>
    </Group>
  )
}

/** Bar is what became of all that matched, to scale, with its figures as a legend. */
function Bar({ counts }: { counts: Counts }) {
  const shown = ends.filter((end) => counts[end] > 0)
  return (
    <Box mt="sm">
      <Progress.Root size={10} aria-hidden>
        {shown.map((end) => (
          <Progress.Section
            key={end}
            value={Math.max(0.4, (counts[end] / counts.matched) * 100)}
            color={endColors[end]}
            aria-label={end}
          />
        ))}
      </Progress.Root>
      <Group gap="2px 16px" mt={6}>
        <Text size="xs" c="dimmed">
          <b className="numbers">{full(counts.matched)}</b> wanted deliveries:
        </Text>
        {shown.map((end) => (
          <Group key={end} gap={5} wrap="nowrap" title={endMeanings[end]}>
            <span className={classes.dot} style={{ background: endColors[end] }} />
            <Text size="xs">
              <b className="numbers">{full(counts[end])}</b> {end}
            </Text>
          </Group>
        ))}
      </Group>
    </Box>
  )
}

function Accounts({ stats, sum, verdict }: { stats: Schemas['Stats']; sum: Counts; verdict: Verdict }) {
  const faulty = new Set(verdict.faults.map(({ integration }) => integration))
  return (
    <ScrollArea
      type="auto"
      viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': 'The ledger in figures' }}
    >
      <Table className={classes.table} fz="xs" verticalSpacing={6} horizontalSpacing={8}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Integration</Table.Th>
            <Table.Th>Journalled</Table.Th>
            <Table.Th>= Matched</Table.Th>
            <Table.Th>+ Filtered</Table.Th>
            {ends.map((end, i) => (
              <Table.Th key={end} className={i === 0 ? classes.begins : undefined}>
                <Tooltip label={endMeanings[end]}>
                  <span>{end[0]?.toUpperCase() + end.slice(1)}</span>
                </Tooltip>
              </Table.Th>
            ))}
            <Table.Th>Adds up</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {stats.integrations.map((each) => (
            <Row key={each.integration} counts={each.counts} good={!faulty.has(each.integration)}>
              <PageLink underline="hover" to={`/integrations/${each.integration}`} fz="xs" fw={600}>
                <EventText>{each.name}</EventText>
              </PageLink>
            </Row>
          ))}
        </Table.Tbody>
        {stats.integrations.length > 1 && (
          <Table.Tfoot>
            <Row counts={sum} good={verdict.good} strong>
              In sum
            </Row>
          </Table.Tfoot>
        )}
      </Table>
    </ScrollArea>
  )
}

function Row({
  counts,
  good,
  strong,
  children,
}: {
  counts: Counts
  good: boolean
  strong?: boolean
  children: ReactNode
}) {
  return (
    <Table.Tr fw={strong ? 650 : undefined}>
      <Table.Td className={classes.name}>{children}</Table.Td>
      <Table.Td>{full(counts.journalled)}</Table.Td>
      <Table.Td>{full(counts.matched)}</Table.Td>
      <Table.Td>{full(counts.filtered)}</Table.Td>
      {ends.map((end, i) => (
        <Table.Td
          key={end}
          className={i === 0 ? classes.begins : undefined}
          data-zero={counts[end] === 0 || undefined}
          data-bad={(counts[end] > 0 && (end === 'lost' || end === 'mailbox')) || undefined}
        >
          {full(counts[end])}
        </Table.Td>
      ))}
      <Table.Td style={{ color: good ? 'var(--tocsin-good)' : 'var(--tocsin-bad)', fontWeight: 650 }}>
        {good ? 'yes' : 'no'}
      </Table.Td>
    </Table.Tr>
  )
}
