import { Anchor, Box, Group, SimpleGrid, Stack, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { delivers, grades } from '@/integration/capabilities'
import { backlog } from '@/integration/standing'
import { PageLink } from '@/link/PageLink'
import { Panel } from '@/page/Panel'
import { Ago, When } from '@/text/Ago'
import { Copy } from '@/text/Copy'
import { EventText } from '@/text/EventText'
import { Identifier } from '@/text/Identifier'
import { full, milliseconds } from '@/text/number'
import { useIntegrations } from '../data/all'
import { RotationDue } from '../list/columns'
import { subscriptionOf } from '../subscription/filter'
import type { Shown } from './data'
import classes from './One.module.css'

/** OverviewTab is what an integration is and how it is doing, in one look. */
export function OverviewTab(shown: Shown) {
  const events = delivers(shown.connector)
  return (
    <Stack gap="sm">
      {shown.stats && <Tiles {...shown} />}
      {shown.responder && <ResponderTiles {...shown} />}
      <div className={classes.two}>
        <Panel title="Details">
          <About {...shown} />
        </Panel>
        {events && (
          <Panel
            title="Subscription"
            actions={
              <Anchor
                component={Link}
                to="/integrations/$id/{-$tab}"
                params={{ id: shown.integration.id, tab: 'subscription' } as never}
                size="xs"
              >
                Edit
              </Anchor>
            }
          >
            <Gets {...shown} />
          </Panel>
        )}
      </div>
    </Stack>
  )
}

function Tile({
  label,
  value,
  hint,
  bad,
}: {
  label: string
  value: ReactNode
  hint?: ReactNode
  bad?: boolean
}) {
  return (
    <Box className={classes.tile}>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text
        fz={22}
        fw={700}
        lh={1.25}
        className="numbers"
        style={bad ? { color: 'var(--tocsin-bad)' } : undefined}
      >
        {value}
      </Text>
      <Text size="xs" c="dimmed" component="div">
        {hint}
      </Text>
    </Box>
  )
}

function Tiles({ stats, integration }: Shown) {
  if (!stats) return null
  const { counts } = stats
  const grade = grades[stats.grade]
  return (
    <>
      <SimpleGrid cols={{ base: 2, md: 5 }} spacing="sm">
        <Tile label="Delivered" value={full(counts.delivered)} hint={grade?.label} />
        <Tile
          label="Backlog"
          value={full(backlog(counts))}
          hint={stats.lag_ms > 0 ? `the oldest waits ${milliseconds(stats.lag_ms)}` : 'nothing waits'}
        />
        <Tile
          label="Mailbox"
          value={full(counts.mailbox)}
          bad={counts.mailbox > 0}
          hint={
            counts.mailbox > 0 ? (
              <PageLink underline="hover" to="/mailbox" search={{ integration: integration.id }} size="xs">
                look and replay
              </PageLink>
            ) : (
              'nothing failed for good'
            )
          }
        />
        <Tile label="Last success" value={<Ago time={stats.last_success_at} none="never" inherit />} />
        <Tile
          label="Latency (p99)"
          value={stats.latency_ms.count > 0 ? `≤ ${milliseconds(stats.latency_ms.p99)}` : '–'}
          hint={`of ${full(stats.latency_ms.count)} since the hub started`}
        />
      </SimpleGrid>
      <Ledger stats={stats} />
    </>
  )
}

/** Ledger shows what became of every event, and whether that adds up. */
function Ledger({ stats }: { stats: NonNullable<Shown['stats']> }) {
  const { counts } = stats
  const parts: [string, number][] = [
    ['delivered', counts.delivered],
    ['waiting', counts.waiting],
    ['parked', counts.parked],
    ['mailbox', counts.mailbox],
    ['discarded', counts.discarded],
    ['expired', counts.expired],
    ['skipped', counts.skipped],
    ['lost', counts.lost],
  ]
  return (
    <Panel
      title="Event accounting"
      actions={
        <Text
          size="xs"
          fw={600}
          style={{ color: stats.adds_up ? 'var(--tocsin-good)' : 'var(--tocsin-bad)' }}
          ta="right"
        >
          {stats.adds_up ? 'It adds up: nothing is lost' : 'It does not add up'}
        </Text>
      }
    >
      <Text size="sm" className="numbers" mb={6}>
        <b>{full(counts.journalled)}</b> received = <b>{full(counts.matched)}</b> matched +{' '}
        <b>{full(counts.filtered)}</b> filtered
        {counts.where_failed > 0 ? ` (for ${full(counts.where_failed)} the condition failed)` : ''}
      </Text>
      <Group gap="xs">
        {parts.map(([name, value]) => (
          <Text key={name} size="sm" className="numbers" c={value === 0 ? 'dimmed' : undefined}>
            <b>{full(value)}</b> {name}
          </Text>
        ))}
      </Group>
    </Panel>
  )
}

function ResponderTiles({ responder }: Shown) {
  if (!responder) return null
  const { capacity } = responder
  return (
    <SimpleGrid cols={{ base: 2, md: 4 }} spacing="sm">
      <Tile label="Addresses" value={full(responder.used)} hint={`${full(responder.ours)} by Tocsin`} />
      <Tile
        label="Capacity"
        value={capacity ? full(capacity) : 'not known'}
        hint={responder.share !== undefined ? `${(responder.share * 100).toFixed(1)} % used` : undefined}
      />
      <Tile
        label="Verified"
        value={full(responder.placements.verified ?? 0)}
        hint="read back from the vendor"
      />
      <Tile label="Last reconciled" value={<Ago time={responder.last_cycle_at} none="never" inherit />} />
    </SimpleGrid>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  )
}

function About({ integration, connector }: Shown) {
  const all = useIntegrations()
  const fallback = all.data?.find((each) => each.id === integration.fallback)
  const behind = (all.data ?? []).filter((each) => each.fallback === integration.id)
  return (
    <dl className={classes.facts}>
      <Fact name="Kind">{connector?.title ?? integration.kind}</Fact>
      <Fact name="Id">
        <Identifier value={integration.id} />
      </Fact>
      <Fact name="Owner">
        {integration.owner ? <EventText>{integration.owner}</EventText> : <Text c="dimmed">none</Text>}
      </Fact>
      <Fact name="Credentials">
        <Text size="sm">
          unchanged at least since <Ago time={integration.updated_at} />
          {integration.rotate_by && (
            <>
              , to be changed <RotationDue date={integration.rotate_by} />
            </>
          )}
        </Text>
      </Fact>
      {integration.callback_url && (
        <Fact name="The vendor calls">
          <Group gap={4} wrap="nowrap">
            <Text ff="monospace" size="xs" style={{ overflowWrap: 'anywhere' }}>
              {integration.callback_url}
            </Text>
            <Copy text={integration.callback_url} what="the address" />
          </Group>
        </Fact>
      )}
      {delivers(connector) && (
        <Fact name="Fallback">
          {fallback ? (
            <Link to="/integrations/$id/{-$tab}" params={{ id: fallback.id }}>
              <EventText>{fallback.name}</EventText>
            </Link>
          ) : (
            <Text c="dimmed" size="sm">
              {integration.fallback || 'none'}
            </Text>
          )}
        </Fact>
      )}
      {behind.length > 0 && (
        <Fact name="Fallback of">
          {behind.map((each, i) => (
            <span key={each.id}>
              {i > 0 && ', '}
              <Link to="/integrations/$id/{-$tab}" params={{ id: each.id }}>
                <EventText>{each.name}</EventText>
              </Link>
            </span>
          ))}
        </Fact>
      )}
      <Fact name="Added">
        <When time={integration.created_at} />
      </Fact>
    </dl>
  )
}

function Gets({ integration }: Shown) {
  const subscription = subscriptionOf(integration.subscription)
  const any = <Text c="dimmed">all</Text>
  return (
    <dl className={classes.facts}>
      <Fact name="Types">
        {subscription.types.length > 0 ? (
          <EventText ff="monospace" size="sm">
            {subscription.types.join(', ')}
          </EventText>
        ) : (
          <Text fw={600} size="sm">
            None: it sends nothing.
          </Text>
        )}
      </Fact>
      <Fact name="Severity">
        {subscription.min_severity === 'info' ? any : `at least ${subscription.min_severity}`}
      </Fact>
      <Fact name="Alert types">
        {subscription.alert_types.length > 0 ? (
          <EventText>{subscription.alert_types.join(', ')}</EventText>
        ) : (
          any
        )}
      </Fact>
      <Fact name="Projects">
        {subscription.projects.length > 0 ? <EventText>{subscription.projects.join(', ')}</EventText> : any}
      </Fact>
      <Fact name="Child accounts">{subscription.include_children ? 'theirs, too' : 'not theirs'}</Fact>
      {subscription.where && (
        <Fact name="Condition">
          <EventText ff="monospace" size="sm">
            {subscription.where}
          </EventText>
        </Fact>
      )}
    </dl>
  )
}
