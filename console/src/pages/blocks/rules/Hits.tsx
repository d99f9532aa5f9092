import { Group, Stack, Table, Text } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { Link } from '@tanstack/react-router'
import { PageLink } from '@/link/PageLink'
import { Ago } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { State } from '@/text/State'
import { type Decision, decisions } from './useRules'

interface Hit {
  at: string
  target: string
  event: string
  type: string
  decision: string
  detail?: string
  block?: string
}

/** Hits lists what a rule decided, the newest first. */
export function Hits({ hits }: { hits: readonly Hit[] }) {
  const narrow = useMediaQuery('(max-width: 48em)', undefined, { getInitialValueInEffect: false }) ?? false
  if (hits.length === 0) {
    return (
      <Text size="sm" c="dimmed" p="md">
        No decisions yet. They appear as events come in.
      </Text>
    )
  }
  if (narrow) return <Cards hits={hits} />
  return (
    <Table.ScrollContainer minWidth={560} type="native">
      <Table fz="sm" verticalSpacing={6} horizontalSpacing="md">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Time</Table.Th>
            <Table.Th>Address</Table.Th>
            <Table.Th>Decision</Table.Th>
            <Table.Th>Event</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {hits.map((hit) => (
            <Table.Tr key={`${hit.event} ${hit.target} ${hit.at}`}>
              <Table.Td>
                <Ago time={hit.at} />
              </Table.Td>
              <Table.Td className="mono">
                {hit.block ? (
                  <Link to="/blocks/$id" params={{ id: hit.block }}>
                    {hit.target}
                  </Link>
                ) : (
                  hit.target
                )}
              </Table.Td>
              <Table.Td>
                <DecisionMark value={hit.decision} />
                {hit.detail && (
                  <Text size="xs" c="dimmed">
                    <EventText inherit>{hit.detail}</EventText>
                  </Text>
                )}
              </Table.Td>
              <Table.Td>
                <Link to={`/events/${hit.event}` as string}>{hit.type}</Link>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

function Cards({ hits }: { hits: readonly Hit[] }) {
  return (
    <Stack gap="sm" px="md" pb="md">
      {hits.map((hit) => (
        <div key={`${hit.event} ${hit.target} ${hit.at}`}>
          <Group justify="space-between" gap="xs">
            <span className="mono">{hit.target}</span>
            <DecisionMark value={hit.decision} />
          </Group>
          <Text size="xs" c="dimmed" component="div">
            <Ago time={hit.at} inherit /> · <PageLink to={`/events/${hit.event}`}>{hit.type}</PageLink>
            {hit.detail && (
              <>
                {' · '}
                <EventText inherit>{hit.detail}</EventText>
              </>
            )}
          </Text>
        </div>
      ))}
    </Stack>
  )
}

function DecisionMark({ value }: { value: string }) {
  const { label, tone } = decisions[value as Decision] ?? { label: value, tone: 'calm' }
  return <State value={value} label={label} tone={tone} />
}
