import { Button, Group, SegmentedControl, SimpleGrid, Stack, Text } from '@mantine/core'
import { IconSend } from '@tabler/icons-react'
import { useState } from 'react'
import { confirm } from '@/act/confirm'
import { done } from '@/act/notify'
import { $api, api, type Schemas } from '@/api/client'
import { Panel } from '@/page/Panel'
import { useCan } from '@/session/me'
import { Loaded } from '@/state/Loaded'
import { When } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { full } from '@/text/number'
import { Severity, severities } from '@/text/Severity'
import type { Shown } from './data'
import classes from './One.module.css'

type Period = 'daily' | 'weekly'

/** DigestTab shows what a digest would hold that ends now, and sends it. */
export function DigestTab({ integration }: Shown) {
  const write = useCan('integrations:write')
  const [period, setPeriod] = useState<Period>('daily')
  const digest = $api.useQuery('get', '/api/v1/integrations/{id}/digest', {
    params: { path: { id: integration.id }, query: { period } },
  })
  const send = () =>
    confirm({
      title: `Send a ${period} digest now?`,
      text: 'It goes out at once, beside those of the schedule.',
      verb: 'Send',
      act: async () => {
        await api.POST('/api/v1/integrations/{id}/digest', {
          params: { path: { id: integration.id } },
          body: { period },
        })
        done('The digest is on its way; its delivery is among the deliveries.')
      },
    })
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <SegmentedControl
          aria-label="About which time"
          data={[
            { value: 'daily', label: 'The last day' },
            { value: 'weekly', label: 'The last week' },
          ]}
          value={period}
          onChange={(next) => setPeriod(next as Period)}
        />
        {write && (
          <Button variant="light" leftSection={<IconSend size={16} aria-hidden />} onClick={send}>
            Send it now
          </Button>
        )}
      </Group>
      <Loaded query={digest} lines={8}>
        {(data) => <Content digest={data} />}
      </Loaded>
    </Stack>
  )
}

function Content({ digest }: { digest: Schemas['Digest'] }) {
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        <When time={digest.from} /> to <When time={digest.to} />, {digest.timezone}
        {digest.missing?.length ? `. Could not be found out: ${digest.missing.join(', ')}.` : ''}
      </Text>
      <Panel title="New alerts">
        <Group gap="xl">
          <Figure value={digest.alerts.total ?? 0} label="in all" />
          {severities.map((severity) => (
            <Stack key={severity} gap={0}>
              <Text fz={22} fw={700} className="numbers">
                {full(digest.alerts[severity] ?? 0)}
              </Text>
              <Severity value={severity} />
            </Stack>
          ))}
          <Figure value={digest.open} label="open" />
          <Figure value={digest.resolved} label="resolved" />
        </Group>
      </Panel>
      <SimpleGrid cols={{ base: 1, md: 3 }} spacing="sm">
        <Top title="Top entities" items={digest.entities} />
        <Top title="By rule" items={digest.rules} />
        <Top title="By source" items={digest.sources} />
      </SimpleGrid>
      <div className={classes.two}>
        <Panel title={`Open incidents: ${full(digest.incidents_open)}`}>
          {digest.incidents.length === 0 && <None />}
          {digest.incidents.map((each) => (
            <Group key={each.number} gap={8} wrap="nowrap" align="flex-start" mb={6}>
              <Severity value={each.severity} compact />
              <Text size="sm">
                {each.number} <EventText>{each.title}</EventText>
              </Text>
            </Group>
          ))}
        </Panel>
        <Panel title={`Integrations that do not deliver: ${full(digest.failing_count)}`}>
          {digest.failing.length === 0 && <None />}
          {digest.failing.map((each) => (
            <Text size="sm" key={each.id} mb={6}>
              <EventText fw={600}>{each.name}</EventText> <EventText c="dimmed">{each.error}</EventText>
            </Text>
          ))}
        </Panel>
      </div>
    </Stack>
  )
}

const None = () => (
  <Text size="sm" c="dimmed">
    None
  </Text>
)

const Figure = ({ value, label }: { value: number; label: string }) => (
  <Stack gap={0}>
    <Text fz={22} fw={700} className="numbers">
      {full(value)}
    </Text>
    <Text size="sm" c="dimmed">
      {label}
    </Text>
  </Stack>
)

function Top({ title, items }: { title: string; items: Schemas['DigestCount'][] }) {
  return (
    <Panel title={title}>
      {items.length === 0 && <None />}
      {items.map((each) => (
        <Group key={`${each.type} ${each.name}`} justify="space-between" wrap="nowrap" gap="sm" mb={4}>
          <EventText size="sm">{each.name}</EventText>
          <Text size="sm" fw={600} className="numbers">
            {full(each.count)}
          </Text>
        </Group>
      ))}
    </Panel>
  )
}
