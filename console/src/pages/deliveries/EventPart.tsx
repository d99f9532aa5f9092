import { Anchor, Group, Stack, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { $api } from '@/api/client'
import { useCan } from '@/session/me'
import { Loaded } from '@/state/Loaded'
import { When } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { Json } from '@/text/Json'
import { Severity } from '@/text/Severity'

/** EventPart is the event of a delivery. */
export function EventPart({ id }: { id: string }) {
  const allowed = useCan('events:read')
  const query = $api.useQuery(
    'get',
    '/api/v1/events/{id}',
    { params: { path: { id } } },
    { enabled: allowed },
  )
  if (!allowed)
    return (
      <Text size="sm" c="dimmed">
        Your role does not allow to read events.
      </Text>
    )
  return (
    <Loaded query={query} lines={8}>
      {(event) => (
        <Stack gap="sm">
          <Group gap="xs" justify="space-between" wrap="nowrap" align="flex-start">
            <div>
              <EventText fw={600}>{event.title || event.type}</EventText>
              <Group gap="sm">
                <Severity value={event.severity} />
                <Text size="sm" c="dimmed">
                  received <When time={event.received_at} inherit />
                </Text>
              </Group>
            </div>
            <Anchor component={Link} to={`/events/${id}`} size="sm" style={{ whiteSpace: 'nowrap' }}>
              Open the event
            </Anchor>
          </Group>
          <Json value={event} label="The event as the hub has it" maxHeight={560} />
        </Stack>
      )}
    </Loaded>
  )
}
