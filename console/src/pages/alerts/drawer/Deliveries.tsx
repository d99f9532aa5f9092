import { Group, Text } from '@mantine/core'
import { $api, type Schemas } from '@/api/client'
import { PageLink } from '@/link/PageLink'
import { useLiveRefresh } from '@/live/LiveProvider'
import { useCan } from '@/session/me'
import { Loaded } from '@/state/Loaded'
import { Ago } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { count } from '@/text/number'
import { State } from '@/text/State'
import { visible } from '@/text/visible'
import classes from './drawer.module.css'

/** Deliveries are where the alert's events went, and where they stand, by integration. */
export function Deliveries({ id }: { id: string }) {
  const mayRead = useCan('deliveries:read')
  const query = $api.useQuery(
    'get',
    '/api/v1/alerts/{id}/deliveries',
    { params: { path: { id } } },
    { enabled: mayRead },
  )
  useLiveRefresh(['delivery', 'mailbox'], ['get', '/api/v1/alerts/{id}/deliveries'])
  if (!mayRead)
    return (
      <Text size="sm" c="dimmed">
        Your role may not look at deliveries.
      </Text>
    )
  return (
    <Loaded query={query}>
      {({ items, more }) =>
        items.length === 0 ? (
          <Text size="sm" c="dimmed">
            No integration subscribes to it. Choose what each one gets at{' '}
            <PageLink to="/integrations">Integrations</PageLink>.
          </Text>
        ) : (
          <>
            {items.map((each) => (
              <OneDelivery key={each.id} delivery={each} />
            ))}
            {more && (
              <Text size="xs" c="dimmed" mt="xs">
                The alert has further events; those of its first and its newest ones are shown.
              </Text>
            )}
          </>
        )
      }
    </Loaded>
  )
}

function OneDelivery({ delivery }: { delivery: Schemas['AlertDelivery'] }) {
  return (
    <div className={classes.item}>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Text size="sm" fw={550} component="div" miw={0} truncate>
          <PageLink underline="hover" to={`/integrations/${delivery.integration}`}>
            {visible(delivery.integration_name ?? delivery.integration)}
          </PageLink>{' '}
          <Text span size="xs" c="dimmed" fw={400}>
            {delivery.integration_kind ?? 'deleted'}
          </Text>
        </Text>
        <State value={delivery.status} />
      </Group>
      <Text size="xs" c="dimmed" mt={2}>
        <PageLink to={`/deliveries/${delivery.id}`}>{delivery.type ?? 'the delivery'}</PageLink>,{' '}
        <Ago time={delivery.since} inherit />, {count(delivery.attempts, 'attempt')}
        {delivery.grade && `, ${delivery.grade}`}
      </Text>
      {delivery.cause && delivery.status !== 'delivered' && (
        <Text size="xs" mt={2}>
          <EventText>{delivery.cause}</EventText>
        </Text>
      )}
    </div>
  )
}
