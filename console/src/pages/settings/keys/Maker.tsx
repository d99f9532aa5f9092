import { Text } from '@mantine/core'
import { $api, type Schemas } from '@/api/client'
import { EventText } from '@/text/EventText'
import { Identifier } from '@/text/Identifier'

/** Maker is who made a key: a person or another key, by name; one that is not known any more by its id. */
export function Maker({ id, keys }: { id: string; keys: Iterable<Schemas['Key']> }) {
  const isUser = id.startsWith('usr_')
  const user = $api.useQuery(
    'get',
    '/api/v1/users/{id}',
    { params: { path: { id } } },
    { enabled: isUser, retry: false },
  )
  const name = isUser ? user.data?.name || user.data?.email : [...keys].find((key) => key.id === id)?.name
  if (!name) return <Identifier value={id} />
  return (
    <span title={id}>
      <EventText inherit>{name}</EventText>{' '}
      <Text span inherit c="dimmed">
        ({isUser ? 'person' : 'API key'})
      </Text>
    </span>
  )
}
