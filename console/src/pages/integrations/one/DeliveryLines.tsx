import { Group, Stack, Table, Text } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import type { Schemas } from '@/api/client'
import { PageLink } from '@/link/PageLink'
import { Ago } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { Severity } from '@/text/Severity'
import { State } from '@/text/State'
import classes from './One.module.css'

/** DeliveryLines shows a few deliveries; each leads to its own page. */
export function DeliveryLines({ deliveries, label }: { deliveries: Schemas['Delivery'][]; label: string }) {
  const narrow = useMediaQuery('(max-width: 48em)', undefined, { getInitialValueInEffect: false })
  if (narrow)
    return (
      <Stack gap={0} px="md" pb="sm" role="list" aria-label={label}>
        {deliveries.map((each) => (
          <Stack
            key={each.id}
            gap={2}
            py={8}
            role="listitem"
            style={{ borderTop: '1px solid var(--tocsin-line)' }}
          >
            <Group justify="space-between" wrap="nowrap">
              <Type delivery={each} />
              <State value={each.status} />
            </Group>
            <Text size="xs" c="dimmed">
              <Ago time={each.since} /> · attempt {each.attempts}
            </Text>
            {each.cause && (
              <EventText size="xs" lines={2}>
                {each.cause}
              </EventText>
            )}
          </Stack>
        ))}
      </Stack>
    )
  return (
    <div className={classes.lines}>
      <Table verticalSpacing={7} horizontalSpacing="md" aria-label={label}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={110}>Since</Table.Th>
            <Table.Th w={110}>Status</Table.Th>
            <Table.Th>Type</Table.Th>
            <Table.Th w={110}>Severity</Table.Th>
            <Table.Th w={84} ta="right">
              Attempts
            </Table.Th>
            <Table.Th>Cause</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {deliveries.map((each) => (
            <Table.Tr key={each.id}>
              <Table.Td>
                <Ago time={each.since} />
              </Table.Td>
              <Table.Td>
                <State value={each.status} />
              </Table.Td>
              <Table.Td>
                <Type delivery={each} />
              </Table.Td>
              <Table.Td>
                <Severity value={each.severity} />
              </Table.Td>
              <Table.Td ta="right" className="numbers">
                {each.attempts}
              </Table.Td>
              <Table.Td maw={420}>
                {each.cause ? (
                  <EventText size="sm" lines={1}>
                    {each.cause}
                  </EventText>
                ) : (
                  <Text c="dimmed">–</Text>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  )
}

const Type = ({ delivery }: { delivery: Schemas['Delivery'] }) => (
  <PageLink to={`/deliveries/${delivery.id}`} size="sm">
    <EventText size="sm" ff="monospace">
      {delivery.type || delivery.id}
    </EventText>
  </PageLink>
)
