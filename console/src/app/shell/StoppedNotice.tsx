import { Button, Group, Text } from '@mantine/core'
import { IconHandStop } from '@tabler/icons-react'
import { Link, useRouterState } from '@tanstack/react-router'
import { $api } from '@/api/client'
import { useCan } from '@/session/me'
import { EventText } from '@/text/EventText'

/** StoppedNotice says on every other page that the kill switch is on: nobody is to wait for a block that is not made. */
export function StoppedNotice() {
  const mayRead = useCan('blocks:read')
  // No live message tells of the switch: it is read with the page, after a drop of the stream, and by whoever comes back.
  const policy = $api.useQuery(
    'get',
    '/api/v1/response-policy',
    {},
    { enabled: mayRead, refetchOnWindowFocus: true },
  )
  // The pages of blocks say it themselves, at length.
  const isTold = useRouterState({ select: ({ location }) => location.pathname.startsWith('/blocks') })
  if (!policy.data?.killed || isTold) return null
  const reason = policy.data.killed_reason
  return (
    <Group px="md" py={6} gap="sm" bg="var(--mantine-color-red-light)" justify="space-between" role="status">
      <Group gap={8} wrap="nowrap" miw={0} flex="1 1 280px">
        <IconHandStop size={18} aria-hidden color="var(--tocsin-bad)" style={{ flexShrink: 0 }} />
        <Text size="sm" lineClamp={2} style={{ overflowWrap: 'anywhere' }}>
          <b>Blocking is stopped{reason ? ':' : '.'}</b> {reason && <EventText inherit>{reason}</EventText>}
        </Text>
      </Group>
      <Button component={Link} to="/blocks/policy" size="compact-sm" variant="default">
        Kill switch
      </Button>
    </Group>
  )
}
