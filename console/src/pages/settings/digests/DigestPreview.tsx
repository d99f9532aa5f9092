import {
  Alert,
  Button,
  Group,
  SegmentedControl,
  SimpleGrid,
  Stack,
  Text,
  Title,
  Tooltip,
} from '@mantine/core'
import { IconSend } from '@tabler/icons-react'
import { type ReactNode, useState } from 'react'
import { confirm } from '@/act/confirm'
import { done } from '@/act/notify'
import { $api, api, type Schemas } from '@/api/client'
import { useCan } from '@/session/me'
import { Loaded } from '@/state/Loaded'
import { When } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { full } from '@/text/number'
import { Severity, severities } from '@/text/Severity'
import { Fact } from '../frame/Fact'
import classes from './Digests.module.css'

type Period = 'daily' | 'weekly'

/** DigestPreview shows what a digest would hold that ends now, and sends it. */
export function DigestPreview({ integration }: { integration: Schemas['Integration'] }) {
  const may = useCan('integrations:write')
  const [period, setPeriod] = useState<Period>('daily')
  const digest = $api.useQuery('get', '/api/v1/integrations/{id}/digest', {
    params: { path: { id: integration.id }, query: { period } },
  })
  const send = () =>
    confirm({
      title: `Send this digest by “${integration.name}”?`,
      text: 'It goes to everybody whom the integration writes to, beside the digests of its schedule.',
      verb: 'Send it',
      act: async () => {
        await api.POST('/api/v1/integrations/{id}/digest', {
          params: { path: { id: integration.id } },
          body: { period },
        })
        done('The digest is on its way. You find it among the deliveries.')
      },
    })
  return (
    <Stack>
      <Group justify="space-between">
        <SegmentedControl
          size="sm"
          aria-label="Period"
          value={period}
          onChange={(value) => setPeriod(value as Period)}
          data={[
            { value: 'daily', label: 'The last day' },
            { value: 'weekly', label: 'The last week' },
          ]}
        />
        <Tooltip label="Your role does not allow it" disabled={may}>
          <Button size="xs" disabled={!may} leftSection={<IconSend size={14} aria-hidden />} onClick={send}>
            Send it now
          </Button>
        </Tooltip>
      </Group>
      <Loaded query={digest} lines={10}>
        {(data) => <Digest digest={data} />}
      </Loaded>
    </Stack>
  )
}

function Digest({ digest }: { digest: Schemas['Digest'] }) {
  const most = Math.max(1, ...severities.map((severity) => digest.alerts[severity] ?? 0))
  return (
    <Stack gap="lg">
      {digest.missing && digest.missing.length > 0 && (
        <Alert color="yellow" variant="light">
          Not known now: {digest.missing.join(', ')}.
        </Alert>
      )}
      <Text size="sm" c="dimmed">
        From <When time={digest.from} /> to <When time={digest.to} />
      </Text>
      <SimpleGrid cols={{ base: 2, xs: 5 }}>
        <Fact label="New alerts">{full(digest.alerts.total ?? 0)}</Fact>
        <Fact label="Open now">{full(digest.open)}</Fact>
        <Fact label="Acknowledged">{full(digest.acknowledged)}</Fact>
        <Fact label="Resolved">{full(digest.resolved)}</Fact>
        <Fact label="Open incidents">{full(digest.incidents_open)}</Fact>
      </SimpleGrid>
      <Part title="New alerts by severity">
        {severities.map((severity) => (
          <div key={severity} className={classes.bar}>
            <Severity value={severity} />
            <div className={classes.track} aria-hidden>
              <span
                style={{
                  width: `${((digest.alerts[severity] ?? 0) / most) * 100}%`,
                  background: `var(--tocsin-${severity})`,
                }}
              />
            </div>
            <Text size="sm" className="numbers" ta="right">
              {full(digest.alerts[severity] ?? 0)}
            </Text>
          </div>
        ))}
      </Part>
      {digest.incidents.length > 0 && (
        <Part title="Open incidents">
          {digest.incidents.map((incident) => (
            <Group key={incident.number} gap="sm" wrap="nowrap" className={classes.line}>
              <Text size="sm" className="mono">
                {incident.number}
              </Text>
              <Text size="sm" flex={1} truncate>
                <EventText inherit>{incident.title}</EventText>
              </Text>
              <Severity value={incident.severity} />
            </Group>
          ))}
        </Part>
      )}
      {digest.failing.length > 0 && (
        <Part title={`Integrations that do not deliver (${full(digest.failing_count)})`}>
          {digest.failing.map((each) => (
            <div key={each.id} className={classes.line}>
              <Text size="sm" fw={600}>
                <EventText inherit>{each.name}</EventText>
              </Text>
              <Text size="xs" c="dimmed">
                <EventText inherit>{each.error}</EventText>
              </Text>
            </div>
          ))}
        </Part>
      )}
      <SimpleGrid cols={{ base: 1, xs: 3 }}>
        <Most title="Most seen entities" counts={digest.entities} />
        <Most title="Rules that fired most" counts={digest.rules} />
        <Most title="Busiest sources" counts={digest.sources} />
      </SimpleGrid>
    </Stack>
  )
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <Title order={3} fz="sm" mb={6}>
        {title}
      </Title>
      {children}
    </section>
  )
}

function Most({ title, counts }: { title: string; counts: Schemas['DigestCount'][] }) {
  return (
    <Part title={title}>
      {counts.length === 0 && (
        <Text size="sm" c="dimmed">
          None
        </Text>
      )}
      {counts.map((each) => (
        <Group key={`${each.type} ${each.name}`} justify="space-between" wrap="nowrap" gap="xs">
          <Text size="sm" truncate>
            <EventText inherit>{each.name}</EventText>
          </Text>
          <Text size="sm" className="numbers" c="dimmed">
            {full(each.count)}
          </Text>
        </Group>
      ))}
    </Part>
  )
}
