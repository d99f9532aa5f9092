import { Button, Group, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { Schemas } from '@/api/client'
import { Panel } from '@/page/Panel'
import { When } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { State } from '@/text/State'
import { useNow } from '@/text/time'
import { Fact } from '../frame/Fact'
import { inWords, nextDue, scheduleOf } from './schedule'

/** DigestSchedule shows when an integration sends digests. */
export function DigestSchedule({
  integration,
  preview,
}: {
  integration: Schemas['Integration']
  preview: () => void
}) {
  const now = useNow()
  const schedule = scheduleOf(integration.settings)
  const words = inWords(schedule)
  const sends = integration.enabled && !integration.paused && !integration.voided?.length
  const page: string = `/integrations/${integration.id}`
  return (
    <Panel>
      <Group justify="space-between" align="flex-start" gap="md">
        <div style={{ flex: '1 1 260px', minWidth: 0 }}>
          <Group gap={8} mb={8}>
            <Text fw={650}>
              <EventText inherit>{integration.name}</EventText>
            </Text>
            {words ? <State value="scheduled" tone="good" /> : <State value="no digest" tone="calm" />}
            {!integration.enabled && <State value="disabled" />}
            {integration.paused && <State value="paused" />}
          </Group>
          <Group gap="xl">
            <Fact label="Comes">{words || 'never: turn it on in the integration’s settings'}</Fact>
            {words && <Fact label="Time zone">{schedule?.timezone}</Fact>}
            {words && (
              <Fact label="Next">
                {sends ? <When time={nextDue(schedule, now)} /> : 'none while it does not deliver'}
              </Fact>
            )}
          </Group>
        </div>
        <Group gap="xs">
          <Button size="xs" variant="default" component={Link} to={page}>
            Open the integration
          </Button>
          <Button size="xs" variant="light" onClick={preview}>
            Preview and send
          </Button>
        </Group>
      </Group>
    </Panel>
  )
}
