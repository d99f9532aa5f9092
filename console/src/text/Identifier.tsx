import { Group, Text } from '@mantine/core'
import { Copy } from './Copy'

/** Identifier shows an id or a key in little room, whole as its title, with a button that copies it. */
export function Identifier({ value, what = 'the id' }: { value: string; what?: string }) {
  return (
    <Group gap={2} wrap="nowrap" display="inline-flex" maw="100%">
      <Text span className="mono" size="sm" truncate title={value}>
        {value}
      </Text>
      <Copy text={value} what={what} />
    </Group>
  )
}
