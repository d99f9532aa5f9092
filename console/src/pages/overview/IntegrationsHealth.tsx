import { Box, Button, Group, Text } from '@mantine/core'
import { type UseQueryResult, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { Schemas } from '@/api/client'
import { Spark } from '@/charts/Spark'
import { splitCause } from '@/delivery/words'
import { useIntegrationsByID } from '@/integration/integrations'
import { anyFailing, hasState, standingBy, standingOf } from '@/integration/standing'
import { PageLink } from '@/link/PageLink'
import { Panel } from '@/page/Panel'
import { Empty } from '@/state/Empty'
import { Loaded } from '@/state/Loaded'
import { statsQuery } from '@/stats/statsQuery'
import { Ago } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { full, milliseconds, short } from '@/text/number'
import { State } from '@/text/State'
import classes from './IntegrationsHealth.module.css'
import { sparkOf } from './lines'
import { type PulseWindow, windowNames } from './window'

type Stats = Schemas['IntegrationStats']

/** mostShown is how many integrations the overview shows, those in trouble first; their own page has them all. */
const mostShown = 8

/** IntegrationsHealth shows how each integration does, those in trouble first. */
export function IntegrationsHealth({
  sparks,
  window,
}: {
  sparks: UseQueryResult<Schemas['ListSpark'], unknown>
  window: PulseWindow
}) {
  const query = useQuery(statsQuery())
  const lines = new Map(
    sparks.data?.items.map(({ integration, points }) => [
      integration,
      sparkOf(points, window, sparks.dataUpdatedAt),
    ]),
  )
  return (
    <Panel
      title="Integrations"
      flush
      actions={
        <PageLink underline="hover" to="/integrations" size="sm">
          All
        </PageLink>
      }
    >
      <Box mih={160}>
        <Loaded query={query} lines={5}>
          {({ integrations }) =>
            integrations.length === 0 ? (
              <Empty title="No integration yet" text="Connect a destination, and events go there.">
                <Button component={Link} to="/integrations/catalogue" variant="light">
                  Choose a destination
                </Button>
              </Empty>
            ) : (
              <ul className={classes.list}>
                {[...integrations]
                  .sort((a, b) => trouble(b) - trouble(a))
                  .slice(0, mostShown)
                  .map((each) => (
                    <Line
                      key={each.integration}
                      stats={each}
                      values={lines.get(each.integration) ?? []}
                      window={window}
                    />
                  ))}
              </ul>
            )
          }
        </Loaded>
      </Box>
    </Panel>
  )
}

/** trouble orders integrations: the more of it, the higher. */
function trouble(stats: Stats): number {
  const { counts, state } = stats
  if (hasState(standingBy(stats), anyFailing)) return 4
  if (counts.mailbox > 0) return 3
  if (counts.parked > 0 || state === 'catching_up') return 2
  return state === 'attached' ? 0 : 1
}

function Line({ stats, values, window }: { stats: Stats; values: number[]; window: PulseWindow }) {
  const { integration, name, kind, counts, latency_ms, last_success_at, last_error, last_error_at } = stats
  const known = useIntegrationsByID().get(integration)
  const { word, tone } = known ? standingOf(known, stats) : standingBy(stats)
  const delivered = values.reduce((sum, value) => sum + value, 0)
  const failing =
    last_error && (!last_success_at || Date.parse(last_error_at ?? '') > Date.parse(last_success_at))
  return (
    <li className={classes.line}>
      <Box miw={0}>
        <Group gap={8} wrap="nowrap">
          <PageLink underline="hover" to={`/integrations/${integration}`} fw={600} size="sm" truncate>
            <EventText>{name}</EventText>
          </PageLink>
          <Box flex="none">
            <State value={word} tone={tone} />
          </Box>
        </Group>
        <Text size="xs" c={failing ? 'error' : 'dimmed'} truncate>
          {failing ? (
            <EventText>{splitCause(last_error).what}</EventText>
          ) : (
            <>
              {kind} · last delivery <Ago time={last_success_at} none="never" />
            </>
          )}
        </Text>
      </Box>
      <div className={classes.spark}>
        <Spark
          values={values}
          color={tone === 'bad' ? 'var(--tocsin-bad)' : undefined}
          summary={`${full(delivered)} delivered in the ${windowNames[window]}`}
        />
      </div>
      <Figure value={short(counts.delivered)} label="delivered" />
      <Figure value={latency_ms.count > 0 ? milliseconds(latency_ms.p50) : '–'} label="p50 attempt" />
      <Figure value={short(counts.waiting + counts.parked + counts.behind)} label="backlog" />
      <Figure value={short(counts.mailbox)} label="mailbox" bad={counts.mailbox > 0} />
    </li>
  )
}

function Figure({ value, label, bad }: { value: string; label: string; bad?: boolean }) {
  return (
    <div className={classes.figure} data-bad={bad || undefined}>
      <span className="numbers">{value}</span>
      <small>{label}</small>
    </div>
  )
}
