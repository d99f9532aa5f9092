import { Alert, List, Stack, Text } from '@mantine/core'
import { IconInfoCircle } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { api } from '@/api/client'
import { RequestView } from '@/exchange/Exchange'
import { useCan } from '@/session/me'
import { Loaded } from '@/state/Loaded'
import { EventText } from '@/text/EventText'

/** RequestNow is the request that would be made for the event now, with the settings as they are. Nothing is sent. */
export function RequestNow({ integration, event }: { integration: string; event: string }) {
  const allowed = useCan('integrations:write')
  const query = useQuery({
    queryKey: ['post', '/api/v1/integrations/{id}/preview', integration, event],
    enabled: allowed,
    queryFn: async ({ signal }) => {
      const { data } = await api.POST('/api/v1/integrations/{id}/preview', {
        params: { path: { id: integration } },
        body: { event_id: event },
        signal,
      })
      if (!data) throw new Error('the hub answered without a request')
      return data
    },
  })
  if (!allowed)
    return (
      <Text size="sm" c="dimmed">
        To see the request one must be allowed to change integrations: it shows their settings.
      </Text>
    )
  return (
    <Loaded query={query} lines={8}>
      {({ request, wanted, why, notes }) => (
        <Stack gap="sm">
          <Text size="sm" c="dimmed">
            As it would be made now, with the settings as they are, and secrets masked. What was sent before
            may have looked different.
          </Text>
          {!wanted && (
            <Alert variant="light" color="yellow" icon={<IconInfoCircle aria-hidden />}>
              The subscription does not want this event any more: <EventText inherit>{why}</EventText>
            </Alert>
          )}
          <RequestView request={request} />
          {(notes ?? []).length > 0 && (
            <List size="sm" c="dimmed">
              {notes?.map((note) => (
                <List.Item key={note}>
                  <EventText inherit>{note}</EventText>
                </List.Item>
              ))}
            </List>
          )}
        </Stack>
      )}
    </Loaded>
  )
}
