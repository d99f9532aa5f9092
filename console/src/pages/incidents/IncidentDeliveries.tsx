import { Text } from '@mantine/core'
import { useQueries } from '@tanstack/react-query'
import { api, type Schemas } from '@/api/client'
import { useIntegrationsByID } from '@/integration/integrations'
import { PageLink } from '@/link/PageLink'
import { useLiveRefresh } from '@/live/LiveProvider'
import { Panel } from '@/page/Panel'
import { useCan } from '@/session/me'
import { Failure } from '@/state/Failure'
import { Ago } from '@/text/Ago'
import { State } from '@/text/State'
import { visible } from '@/text/visible'
import { useTimeline } from './IncidentTimeline'
import classes from './incidents.module.css'

/** mostEvents is of how many of an incident's events the deliveries are looked up, the newest; each is a request. */
const mostEvents = 8
/** mostDeliveries is how many deliveries of one event are shown. */
const mostDeliveries = 50

const key = ['get', '/api/v1/deliveries', 'incident'] as const

/** IncidentDeliveries are where the newest events of an incident went, and where they stand. */
export function IncidentDeliveries({ number }: { number: string }) {
  const mayRead = useCan('deliveries:read')
  const timeline = useTimeline(number)
  const integrations = useIntegrationsByID()
  useLiveRefresh(['delivery', 'mailbox'], key)
  const events = timeline.rows
    .map((line) => line.event)
    .filter((id): id is string => Boolean(id))
    .slice(-mostEvents)
    .reverse()
  const results = useQueries({
    queries: events.map((event) => ({
      queryKey: [...key, event],
      enabled: mayRead,
      queryFn: async ({ signal }: { signal: AbortSignal }) => {
        const params = { query: { event, limit: mostDeliveries } }
        return (await api.GET('/api/v1/deliveries', { params, signal })).data?.items ?? []
      },
    })),
  })
  if (!mayRead) return null
  const error = results.find((each) => each.error)?.error
  const deliveries = results.flatMap((each) => each.data ?? [])
  return (
    <Panel title="Deliveries" flush>
      {error ? <Failure error={error} /> : null}
      {!error && deliveries.length === 0 && (
        <Text size="sm" c="dimmed" px="md" pb="md">
          No integration subscribes to its events.
        </Text>
      )}
      <div>
        {deliveries.map((each) => (
          <One
            key={each.id}
            delivery={each}
            name={integrations.get(each.integration)?.name ?? each.integration}
          />
        ))}
      </div>
    </Panel>
  )
}

function One({ delivery, name }: { delivery: Schemas['Delivery']; name: string }) {
  return (
    <div className={classes.line}>
      <div className={classes.grow}>
        <PageLink to={`/deliveries/${delivery.id}`} className={classes.one} underline="hover">
          {visible(name)}
        </PageLink>
        <Text size="xs" c="dimmed">
          {delivery.type}, <Ago time={delivery.since} inherit />
        </Text>
      </div>
      <State value={delivery.status} />
    </div>
  )
}
