import { Badge, Text } from '@mantine/core'
import type { Schemas } from '@/api/client'
import { PageLink } from '@/link/PageLink'
import { Panel } from '@/page/Panel'
import { useCan } from '@/session/me'
import { Copy } from '@/text/Copy'
import { EventText } from '@/text/EventText'
import classes from './EventPage.module.css'

/** Entities are what an event is about: addresses, people, hosts. An address can be blocked, other alerts be looked for. */
export function Entities({ list }: { list: Schemas['Entity'][] }) {
  const alerts = useCan('alerts:read')
  const block = useCan('blocks:write')
  return (
    <Panel title="Entities">
      <ul className={classes.entities}>
        {list.map(({ type, value, role, observed }) => (
          <li key={`${type} ${role} ${value}`} className={classes.entity}>
            <Text size="xs" c="dimmed" w={64} truncate>
              <EventText>{type}</EventText>
            </Text>
            <Text size="sm" className="mono" maw="100%">
              <EventText>{value}</EventText>
            </Text>
            <Copy text={value} what="the value" />
            {role && (
              <Badge size="sm" variant="light" color="gray" tt="none">
                <EventText>{role}</EventText>
              </Badge>
            )}
            {observed && (
              <Badge
                size="sm"
                variant="light"
                tt="none"
                title="A sensor saw it itself; it does not only stand in a text."
              >
                observed
              </Badge>
            )}
            {alerts && (
              <PageLink underline="hover" to="/alerts" search={{ entity: value }} size="sm" ml="auto">
                Alerts with it
              </PageLink>
            )}
            {block && type === 'ip' && (
              <PageLink underline="hover" to="/blocks" search={{ plan: value }} size="sm">
                Block…
              </PageLink>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  )
}
