import { Group, Stack, Text } from '@mantine/core'
import { splitCause } from '@/delivery/words'
import { EventText } from '@/text/EventText'
import { count, full } from '@/text/number'
import { Name, RotationDue, StandingState } from './columns'
import type { Line } from './line'

/** IntegrationCard is an integration on a small screen. */
export function IntegrationCard({ line }: { line: Line }) {
  return (
    <Stack gap={4}>
      <Group justify="space-between" wrap="nowrap">
        <Name line={line} />
        <StandingState line={line} />
      </Group>
      <Group gap="md">
        {line.delivers && (
          <Text size="xs" c="dimmed" className="numbers">
            {full(line.delivered)} delivered today · backlog {full(line.backlog)} · mailbox{' '}
            {full(line.mailbox)}
          </Text>
        )}
        {line.responder && (
          <Text size="xs" c="dimmed" className="numbers">
            {count(line.responder.used, 'address', 'addresses')}
          </Text>
        )}
        {line.integration.rotate_by && (
          <Text size="xs" c="dimmed">
            rotation <RotationDue date={line.integration.rotate_by} />
          </Text>
        )}
      </Group>
      {line.lastError && (
        <EventText size="xs" lines={1}>
          {splitCause(line.lastError).what}
        </EventText>
      )}
    </Stack>
  )
}
