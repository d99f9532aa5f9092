import { Group, Text } from '@mantine/core'
import { $api, type Schemas } from '@/api/client'
import { PageLink } from '@/link/PageLink'
import { Loaded } from '@/state/Loaded'
import { Ago } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { Severity } from '@/text/Severity'
import { State } from '@/text/State'
import classes from './drawer.module.css'

/** mostRelated is how many related alerts are shown. */
const mostRelated = 30

/** Related are the alerts that share something with this one, and what they share. */
export function Related({ id }: { id: string }) {
  const query = $api.useQuery('get', '/api/v1/alerts/{id}/related', {
    params: { path: { id }, query: { limit: mostRelated } },
  })
  return (
    <Loaded query={query}>
      {({ items, more }) =>
        items.length === 0 ? (
          <Text size="sm" c="dimmed">
            No other alert shares an entity, the actor or the rule with this one.
          </Text>
        ) : (
          <>
            {items.map((alert) => (
              <RelatedAlert key={alert.id} alert={alert} />
            ))}
            {more && (
              <Text size="xs" c="dimmed" mt="xs">
                There are others. The newest are shown.
              </Text>
            )}
          </>
        )
      }
    </Loaded>
  )
}

function RelatedAlert({ alert }: { alert: Schemas['RelatedAlert'] }) {
  return (
    <div className={classes.item}>
      <Group justify="space-between" gap="xs" wrap="nowrap" align="flex-start">
        <Text size="sm" fw={550} component="div" miw={0} lineClamp={2}>
          <PageLink to={`/alerts/${alert.id}`} underline="hover">
            <EventText>{alert.title || alert.dedup_key}</EventText>
          </PageLink>
        </Text>
        <State value={alert.status} />
      </Group>
      <Group gap="sm" mt={2}>
        <Severity value={alert.severity} />
        <Text size="xs" c="dimmed">
          <Ago time={alert.last_seen} inherit />
        </Text>
        {alert.incident && (
          <Text size="xs" component="span">
            <PageLink underline="hover" to={`/incidents/${alert.incident}`}>
              {alert.incident}
            </PageLink>
          </Text>
        )}
      </Group>
      <Text size="xs" c="dimmed" mt={4}>
        Because of{' '}
        {alert.because.map((each, i) => (
          <span key={`${each.kind} ${each.type ?? ''} ${each.value}`}>
            {i > 0 && ', '}
            {each.type || each.kind} <EventText className="mono">{each.value}</EventText>
          </span>
        ))}
      </Text>
    </div>
  )
}
