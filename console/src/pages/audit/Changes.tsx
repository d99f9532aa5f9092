import { Table, Text } from '@mantine/core'
import { visible } from '@/text/visible'
import type { Change } from './act'
import classes from './Changes.module.css'

/** longestValue is how many characters of a value stand in the table; the document below has all. */
const longestValue = 400

/** Changes shows field by field what was before and what is after. With one side only, that one is shown. */
export function Changes({ changes }: { changes: Change[] }) {
  const sides = (['before', 'after'] as const).filter((side) =>
    changes.some((change) => change[side] !== undefined),
  )
  return (
    <Table className={classes.table} withTableBorder verticalSpacing={6}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Field</Table.Th>
          {sides.map((side) => (
            <Table.Th key={side}>
              {sides.length === 1 ? 'Value' : side === 'before' ? 'Before' : 'After'}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {changes.map((change) => (
          <Table.Tr key={change.field}>
            <Table.Td>{visible(change.field)}</Table.Td>
            {sides.map((side) => (
              <Table.Td key={side}>
                <Value value={change[side]} side={sides.length > 1 ? side : undefined} />
              </Table.Td>
            ))}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}

function Value({ value, side }: { value: unknown; side?: 'before' | 'after' }) {
  if (value === undefined)
    return (
      <Text span inherit c="dimmed">
        –
      </Text>
    )
  const text = visible(typeof value === 'string' ? value || '""' : (JSON.stringify(value, null, 1) ?? ''))
  return (
    <bdi className={classes.value} data-side={side}>
      {text.length > longestValue ? `${text.slice(0, longestValue)}…` : text}
    </bdi>
  )
}
