import { Group, Text } from '@mantine/core'
import { IconBellOff } from '@tabler/icons-react'
import { $api } from '@/api/client'
import { PageLink } from '@/link/PageLink'
import { useLiveRefresh } from '@/live/LiveProvider'
import { Ago } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { count } from '@/text/number'

const path = '/api/v1/alerts/{id}/silences'

/** Silenced says which silences keep news of an alert from being delivered, until when, whose they are, and why. */
export function Silenced({ id }: { id: string }) {
  useLiveRefresh(['alert'], ['get', path])
  const { data } = $api.useQuery('get', path, { params: { path: { id } } })
  return (data?.items ?? []).map((silence) => (
    <Group key={silence.id} gap={8} wrap="nowrap" align="flex-start" mt={6}>
      <IconBellOff size={16} aria-hidden style={{ flexShrink: 0, marginTop: 2 }} />
      <Text size="sm">
        <PageLink to="/settings/silences" search={{ open: silence.id }}>
          Silenced
        </PageLink>
        {silence.integrations.length > 0 && <> for {count(silence.integrations.length, 'integration')}</>}{' '}
        until <Ago time={silence.ends_at} inherit /> by <EventText inherit>{silence.author}</EventText>
        {silence.reason && (
          <>
            : <EventText inherit>{silence.reason}</EventText>
          </>
        )}
      </Text>
    </Group>
  ))
}
