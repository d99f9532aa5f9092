import { Group, Stack, Text } from '@mantine/core'
import { IconArrowRight } from '@tabler/icons-react'
import { $api, type Schemas } from '@/api/client'
import { Cause } from '@/delivery/Cause'
import { type Integration, useIntegrationsByID } from '@/integration/integrations'
import { PageLink } from '@/link/PageLink'
import { useLiveRefresh } from '@/live/LiveProvider'
import { useCan } from '@/session/me'
import { Loaded } from '@/state/Loaded'
import { Ago } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { State } from '@/text/State'
import classes from './WhereItWent.module.css'

/** most is how many deliveries of an event are shown; the deliveries' page has them all. */
const most = 50

/** WhereItWent shows the deliveries of an event as they go on, and leads to what capture integrations got of it. */
export function WhereItWent({ event }: { event: string }) {
  const allowed = useCan('deliveries:read')
  const integrations = useIntegrationsByID()
  useLiveRefresh(['delivery', 'mailbox'], ['get', '/api/v1/deliveries'])
  const query = $api.useQuery(
    'get',
    '/api/v1/deliveries',
    { params: { query: { event, limit: most } } },
    { enabled: allowed },
  )
  if (!allowed)
    return (
      <Text size="sm" c="dimmed">
        Your role may not read deliveries.
      </Text>
    )
  return (
    <Loaded query={query} lines={3}>
      {({ items, next }) =>
        items.length === 0 ? (
          <Text size="sm" c="dimmed" role="status">
            No integration has taken it yet. If this stays so, no subscription wants it.
          </Text>
        ) : (
          <Stack gap={0} component="ul" className={classes.list} aria-label="Where it went">
            {items.map((delivery) => (
              <Line
                key={delivery.id}
                delivery={delivery}
                integration={integrations.get(delivery.integration)}
              />
            ))}
            {next && (
              <PageLink underline="hover" to="/deliveries" search={{ event }} size="sm" pt="xs">
                All its deliveries
              </PageLink>
            )}
          </Stack>
        )
      }
    </Loaded>
  )
}

function Line({
  delivery,
  integration,
}: {
  delivery: Schemas['Delivery']
  integration: Integration | undefined
}) {
  const { id, event, status, attempts, since, cause } = delivery
  return (
    <li className={classes.line} data-testid="delivery">
      <Group gap="sm" wrap="nowrap" miw={0}>
        <State value={status} />
        <PageLink underline="hover" to={`/integrations/${delivery.integration}`} size="sm" fw={600} truncate>
          <EventText>{integration?.name ?? delivery.integration}</EventText>
        </PageLink>
        <Text size="xs" c="dimmed" visibleFrom="sm" style={{ whiteSpace: 'nowrap' }}>
          {attempts === 1 ? '1 attempt' : `${attempts} attempts`} · <Ago time={since} />
        </Text>
      </Group>
      <Group gap="md" wrap="nowrap" style={{ flexShrink: 0 }}>
        {integration?.kind === 'capture' && status === 'delivered' && (
          <PageLink
            underline="hover"
            to="/captures"
            search={{ integration: delivery.integration, event }}
            size="sm"
          >
            See the payload
          </PageLink>
        )}
        <PageLink
          underline="hover"
          to={`/deliveries/${id}`}
          size="sm"
          aria-label={`Delivery to ${integration?.name ?? id}`}
        >
          <Group gap={4} wrap="nowrap" component="span">
            Delivery <IconArrowRight size={14} aria-hidden />
          </Group>
        </PageLink>
      </Group>
      {cause && (
        <div className={classes.cause}>
          <Cause cause={cause} size="xs" c="error" />
        </div>
      )}
    </li>
  )
}
