import { Text } from '@mantine/core'
import { PageLink } from '@/link/PageLink'
import { EventText } from '@/text/EventText'
import { useIntegrationsByID } from './integrations'

/** IntegrationName names an integration, and leads to its page with link. One that is gone is named by its id. */
export function IntegrationName({ id, link }: { id: string; link?: boolean }) {
  const name = useIntegrationsByID().get(id)?.name
  const text = name ? (
    <EventText inherit>{name}</EventText>
  ) : (
    <Text span inherit className="mono" title={id}>
      {shortID(id)}
    </Text>
  )
  if (!link) return text
  return (
    <PageLink to={`/integrations/${id}`} underline="hover" title={name ?? id}>
      {text}
    </PageLink>
  )
}

/** shortID is the beginning and the end of an id, which tell it apart from others of its time. */
export const shortID = (id: string): string => (id.length > 14 ? `${id.slice(0, 4)}…${id.slice(-6)}` : id)
