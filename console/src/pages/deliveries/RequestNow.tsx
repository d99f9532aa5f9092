import { Alert, Group, List, Stack, Text } from '@mantine/core'
import { IconInfoCircle } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { api } from '@/api/client'
import { useCan } from '@/session/me'
import { Loaded } from '@/state/Loaded'
import { Copy } from '@/text/Copy'
import { EventText } from '@/text/EventText'
import { Json } from '@/text/Json'
import { visible } from '@/text/visible'
import classes from './Attempts.module.css'

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
          {request && (
            <>
              <Group gap={6} wrap="nowrap" justify="space-between">
                <Text size="sm" className="mono" style={{ overflowWrap: 'anywhere' }}>
                  <b>{request.method}</b> {visible(request.url)}
                </Text>
                <Copy text={request.url} what="the address" />
              </Group>
              <pre className={classes.answer} tabIndex={0} role="region" aria-label="The request's headers">
                {Object.entries(request.headers ?? {})
                  .map(([name, value]) => `${name}: ${visible(value)}`)
                  .join('\n')}
              </pre>
              <Json value={pretty(request.body)} label="Payload" maxHeight={520} />
            </>
          )}
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

/** pretty lays a JSON body out in lines; any other stays as it is. */
function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2)
  } catch {
    return body
  }
}
