import { Box, Group, Text } from '@mantine/core'
import { $api, type Schemas } from '@/api/client'
import { useIntegrationsByID } from '@/integration/integrations'
import { PageLink } from '@/link/PageLink'
import { useCan } from '@/session/me'
import { Ago } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { OutLink } from '@/text/OutLink'
import { State } from '@/text/State'
import { visible } from '@/text/visible'
import { LookNow } from './LookNow'
import classes from './Tickets.module.css'

/** mostNamed is how many kinds of systems that keep tickets are named. */
const mostNamed = 3

/** NoTicket says that nobody keeps a ticket, and what could: only what this hub has a connector for. */
function NoTicket() {
  const connectors = $api.useQuery('get', '/api/v1/connectors', {}, { staleTime: 5 * 60_000 })
  const names = (connectors.data?.items ?? [])
    .filter(({ group }) => group === 'ticketing')
    .map(({ title }) => visible(title).slice(0, 40))
    .slice(0, mostNamed)
  return (
    <Text size="sm" c="dimmed">
      No other system keeps a ticket for it.
      {names.length > 0 && (
        <>
          {' '}
          Connect {either.format(names)} at <PageLink to="/integrations">Integrations</PageLink>.
        </>
      )}
    </Text>
  )
}

const either = new Intl.ListFormat('en', { type: 'disjunction' })

/** Tickets shows what other systems keep for an alert or an incident, and whether both sides agree. */
export function Tickets({ tickets }: { tickets: readonly Schemas['Ticket'][] | undefined }) {
  const integrations = useIntegrationsByID()
  const mayLook = useCan('deliveries:write')
  if (!tickets || tickets.length === 0) return <NoTicket />
  return tickets.map((ticket) => (
    <Box key={`${ticket.integration} ${ticket.key ?? ''}`} className={classes.ticket}>
      <Group justify="space-between" gap="xs">
        <Group gap="xs">
          <Text size="sm" fw={600} component="span">
            {ticket.url ? (
              <OutLink href={ticket.url}>{visible(ticket.key || 'Ticket').slice(0, 80)}</OutLink>
            ) : (
              <EventText>{ticket.key || 'being made'}</EventText>
            )}
          </Text>
          {ticket.status && (
            <State
              value={ticket.status}
              label={visible(ticket.status).slice(0, 60)}
              tone={ticket.closed ? 'calm' : 'busy'}
            />
          )}
        </Group>
        <Text size="xs" c="dimmed" component="span">
          {mayLook && <LookNow integration={ticket.integration} />}{' '}
          <PageLink underline="hover" to={`/integrations/${ticket.integration}`}>
            {visible(integrations.get(ticket.integration)?.name ?? 'integration')}
          </PageLink>
        </Text>
      </Group>
      <Text size="xs" c="dimmed">
        Synced <Ago time={ticket.synced_at} none="not yet" inherit />
        {ticket.by && (
          <>
            , last updated by <EventText>{ticket.by}</EventText>
          </>
        )}
        {ticket.assignee && (
          <>
            , assigned to <EventText>{ticket.assignee}</EventText>
          </>
        )}
      </Text>
      {ticket.error && (
        <Text size="xs" style={{ color: 'var(--tocsin-bad)' }}>
          <EventText>{ticket.error}</EventText>
        </Text>
      )}
    </Box>
  ))
}
