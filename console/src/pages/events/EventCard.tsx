import { Group, Stack, Text } from '@mantine/core'
import type { Schemas } from '@/api/client'
import { Clock } from '@/text/Clock'
import { EventText } from '@/text/EventText'
import { Severity } from '@/text/Severity'

/** EventCard is an event's line on a small screen. */
export function EventCard({ event }: { event: Schemas['Event'] }) {
  return (
    <Stack gap={3}>
      <Group justify="space-between" wrap="nowrap">
        <Severity value={event.severity} />
        <Text size="xs" c="dimmed">
          <Clock time={event.received_at} />
        </Text>
      </Group>
      <EventText lines={2} size="sm" fw={600}>
        {event.title || event.type}
      </EventText>
      <Text size="xs" c="dimmed" truncate>
        <span className="mono">
          <EventText>{event.type}</EventText>
        </span>
        {event.project && (
          <>
            {' · '}
            <EventText>{event.project}</EventText>
          </>
        )}
      </Text>
    </Stack>
  )
}
