import { Alert, Anchor, Button, Group, List, Stack, Text } from '@mantine/core'
import { IconAlertTriangle, IconRefresh } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { done, failed } from '@/act/notify'
import { api } from '@/api/client'
import { Cause } from '@/delivery/Cause'
import { Panel } from '@/page/Panel'
import { useCan } from '@/session/me'
import { Ago } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { Facts } from '@/text/Facts'
import { full, milliseconds } from '@/text/number'
import { State, type Tone } from '@/text/State'
import { visible } from '@/text/visible'
import { placementMeanings } from '../words'
import { Capacity } from './Capacity'
import { type Health, healthOf, prefixWords } from './ranges'
import { type Responder, respondersPath } from './useResponders'

const healths: Record<Health, [label: string, tone: Tone]> = {
  off: ['off', 'calm'],
  failing: ['failing', 'bad'],
  warning: ['has warnings', 'warn'],
  new: ['not read yet', 'busy'],
  fine: ['in sync', 'good'],
}

/** ResponderCard is one responder: health, capacity, what it can block, when it was read last. */
export function ResponderCard({ responder }: { responder: Responder }) {
  const [label, tone] = healths[healthOf(responder)]
  return (
    <Panel
      title={
        <Group gap="xs" component="span">
          <Anchor component={Link} to={`/integrations/${responder.id}` as string} fz="sm" fw={650}>
            {visible(responder.name)}
          </Anchor>
          <Text span size="xs" c="dimmed" fw={400}>
            {responder.kind}
          </Text>
          <State value={label} label={label} tone={tone} />
        </Group>
      }
      actions={<ReconcileButton responder={responder} />}
    >
      <Stack gap="sm">
        {responder.error && (
          <Alert color="red" variant="light" icon={<IconAlertTriangle aria-hidden />} p="xs">
            <Text size="sm" component="div">
              <Cause cause={responder.error} lines={4} />
            </Text>
            <Text size="xs">
              Since <Ago time={responder.error_since} inherit />. What was verified before may not hold now.
            </Text>
          </Alert>
        )}
        {responder.warnings.length > 0 && (
          <Alert
            color="yellow"
            variant="light"
            icon={<IconAlertTriangle aria-hidden />}
            p="xs"
            title="Blocks may have no effect there"
            styles={{ title: { color: 'var(--mantine-color-text)' } }}
          >
            <List size="sm">
              {responder.warnings.map((warning) => (
                <List.Item key={warning}>
                  <EventText>{warning}</EventText>
                </List.Item>
              ))}
            </List>
          </Alert>
        )}
        <Capacity responder={responder} />
        <Facts
          facts={[
            ['Blocks there', <Counts key="counts" responder={responder} />],
            [
              'Last read',
              <span key="last">
                <Ago time={responder.last_cycle_at} none="never" />
                {responder.last_cycle_at && (
                  <Text span size="xs" c="dimmed">
                    {' '}
                    took {milliseconds(responder.took_ms)}
                  </Text>
                )}
              </span>,
            ],
            responder.enabled
              ? ['Next', responder.running ? 'just now' : <Ago key="next" time={responder.next_cycle_at} />]
              : undefined,
            [
              'Can block',
              `IPv4 ${prefixWords(responder.limits.ipv4)}; IPv6 ${prefixWords(responder.limits.ipv6)}`,
            ],
            ['Proof', modeOf(responder)],
          ]}
        />
      </Stack>
    </Panel>
  )
}

function modeOf({ limits }: Responder): string {
  const reads = limits.reads_back
    ? 'Blocks are read back, so they can be verified.'
    : 'It cannot be asked what it holds: blocks there are applied, never verified.'
  const marks = limits.marks
    ? 'Entries bear whose they are.'
    : 'Entries bear no mark: what was there before Tocsin asked is left alone.'
  return `${reads} ${marks}`
}

function Counts({ responder }: { responder: Responder }) {
  const counts = Object.entries(responder.placements)
  if (counts.length === 0) {
    return (
      <Text span inherit c="dimmed">
        none
      </Text>
    )
  }
  return (
    <Group gap="xs">
      {counts.map(([state, n]) => {
        const meaning = placementMeanings[state as keyof typeof placementMeanings]
        return (
          <Link
            key={state}
            to="/blocks"
            search={{ view: 'all', integration: responder.id, placement: state }}
            title={meaning?.help}
          >
            {full(n)} {meaning?.label ?? state}
          </Link>
        )
      })}
    </Group>
  )
}

function ReconcileButton({ responder }: { responder: Responder }) {
  const mayBlock = useCan('blocks:write')
  const queries = useQueryClient()
  const [busy, setBusy] = useState(false)
  if (!mayBlock || !responder.enabled) return null
  const reconcile = async () => {
    setBusy(true)
    try {
      const { data } = await api.POST('/api/v1/responders/{id}/reconcile', {
        params: { path: { id: responder.id } },
      })
      if (data?.error) failed(`Reading ${visible(responder.name)}`, new Error(data.error))
      else done(`${visible(responder.name)} was read and put right.`)
    } catch (thrown) {
      failed('Reconciling', thrown)
    } finally {
      setBusy(false)
      await queries.invalidateQueries({ queryKey: ['get', respondersPath] })
    }
  }
  return (
    <Button
      size="xs"
      variant="default"
      leftSection={<IconRefresh size={14} aria-hidden />}
      loading={busy}
      onClick={() => void reconcile()}
      style={{ flexShrink: 0 }}
    >
      Reconcile now
    </Button>
  )
}
