import { Box, Group } from '@mantine/core'
import type { ReactNode } from 'react'

/** CardRow is a line of a list on a small screen: what it is, its state and menu beside it, and more below. */
export function CardRow({
  title,
  aside,
  children,
}: {
  title: ReactNode
  aside?: ReactNode
  children?: ReactNode
}) {
  return (
    <Box miw={0}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Box miw={0} fz="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
          {title}
        </Box>
        <Group gap={6} wrap="nowrap">
          {aside}
        </Group>
      </Group>
      <Box fz="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
        {children}
      </Box>
    </Box>
  )
}
