import { Stack, Table, Text } from '@mantine/core'
import { IconVolumeOff } from '@tabler/icons-react'
import { $api } from '@/api/client'
import { leftOut } from '@/delivery/leftOut'
import { useLiveRefresh } from '@/live/LiveProvider'
import { Empty } from '@/state/Empty'
import { Loaded } from '@/state/Loaded'
import { Ago } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { Severity } from '@/text/Severity'
import classes from './One.module.css'

/** HeldBack lists what noise control left out. */
export function HeldBack({ id }: { id: string }) {
  useLiveRefresh(['delivery'], ['get', '/api/v1/integrations/{id}/held'])
  const held = $api.useQuery('get', '/api/v1/integrations/{id}/held', {
    params: { path: { id }, query: { limit: 50 } },
  })
  return (
    <Loaded query={held}>
      {(data) =>
        data.items.length === 0 ? (
          <Empty
            icon={IconVolumeOff}
            title="Nothing was held back"
            text="What noise control leaves out is listed here: repeats, and what a silence or a quick resolution made superfluous."
          />
        ) : (
          <div className={classes.lines}>
            <Table verticalSpacing={7} horizontalSpacing="md" aria-label="Held back for good">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Time</Table.Th>
                  <Table.Th>Reason</Table.Th>
                  <Table.Th>Event</Table.Th>
                  <Table.Th visibleFrom="xs">Severity</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {data.items.map((each) => (
                  <Table.Tr key={each.delivery}>
                    <Table.Td>
                      <Ago time={each.at} />
                    </Table.Td>
                    <Table.Td>
                      <Text size="sm">{leftOut[each.reason].word}</Text>
                      {each.until && (
                        <Text size="xs" c="dimmed">
                          until <Ago time={each.until} />
                        </Text>
                      )}
                    </Table.Td>
                    <Table.Td>
                      <Stack gap={0}>
                        <EventText size="sm" lines={1}>
                          {each.title || each.type}
                        </EventText>
                        <Text size="xs" c="dimmed" ff="monospace">
                          <EventText>{each.type}</EventText>
                        </Text>
                      </Stack>
                    </Table.Td>
                    <Table.Td visibleFrom="xs">
                      <Severity value={each.severity} />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </div>
        )
      }
    </Loaded>
  )
}
