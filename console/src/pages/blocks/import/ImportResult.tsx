import { Group, ScrollArea, Stack, Table, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { Schemas } from '@/api/client'
import { EventText } from '@/text/EventText'
import { count, full } from '@/text/number'
import { State, type Tone } from '@/text/State'

type Outcome = Schemas['BlockImported']['outcome']

const outcomes: Record<Outcome, [label: string, tone: Tone]> = {
  blocked: ['blocked', 'good'],
  pending: ['waits for approval', 'warn'],
  merged: ['was blocked already', 'calm'],
  planned: ['would be requested', 'busy'],
  refused: ['refused', 'bad'],
  invalid: ['not readable', 'bad'],
}

// What wants to be looked at comes first.
const order: Outcome[] = ['invalid', 'refused', 'pending', 'merged', 'blocked', 'planned']

/** mostShown is how many lines are listed; those that went wrong come first. */
const mostShown = 200

/** ImportResult says what became, or would become, of each line. */
export function ImportResult({ dry, result }: { dry: boolean; result: Schemas['BlockImport'] }) {
  const items = [...result.items].sort((a, b) => order.indexOf(a.outcome) - order.indexOf(b.outcome))
  return (
    <Stack gap="xs" role="region" aria-label={dry ? 'Dry run' : 'Result'}>
      <Group gap="xs" role="status">
        <Text size="sm" fw={600}>
          {dry ? 'Dry run: nothing has been changed.' : 'Done.'} {count(result.items.length, 'line')}:
        </Text>
        {order
          .filter((outcome) => (result.counts[outcome] ?? 0) > 0)
          .map((outcome) => {
            const [label, tone] = outcomes[outcome]
            return (
              <State
                key={outcome}
                value={outcome}
                tone={tone}
                label={`${full(result.counts[outcome] ?? 0)} ${label}`}
              />
            )
          })}
      </Group>
      <ScrollArea.Autosize
        mah={280}
        type="auto"
        viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': 'Lines' }}
      >
        <Table fz="sm" verticalSpacing={4} stickyHeader>
          <Table.Thead>
            <Table.Tr>
              <Table.Th w={56}>Line</Table.Th>
              <Table.Th w={180}>Target</Table.Th>
              <Table.Th>What {dry ? 'would become' : 'became'} of it</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {items.slice(0, mostShown).map((item) => (
              <Line key={item.index} item={item} />
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea.Autosize>
      {items.length > mostShown && (
        <Text size="xs" c="dimmed">
          The first {full(mostShown)} are shown; what went wrong stands first.
        </Text>
      )}
    </Stack>
  )
}

function Line({ item }: { item: Schemas['BlockImported'] }) {
  const [label, tone] = outcomes[item.outcome]
  const why = [
    ...(item.errors ?? []).map((each) =>
      [each.location?.replace(/^item\.?/, ''), each.message].filter(Boolean).join(' '),
    ),
    ...(item.findings ?? []).map((each) => each.text),
  ]
  return (
    <Table.Tr>
      <Table.Td className="numbers">{item.line ?? item.index + 1}</Table.Td>
      <Table.Td className="mono" style={{ overflowWrap: 'anywhere' }}>
        {item.block ? (
          <Link to={`/blocks/${item.block}` as string}>{item.target}</Link>
        ) : (
          <EventText inherit>{item.target}</EventText>
        )}
      </Table.Td>
      <Table.Td>
        <State value={item.outcome} label={label} tone={tone} />
        {why.map((text) => (
          <Text key={text} size="xs" c="dimmed">
            <EventText inherit>{text}</EventText>
          </Text>
        ))}
      </Table.Td>
    </Table.Tr>
  )
}
