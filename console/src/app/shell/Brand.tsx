import { Group, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'

/** Brand leads to the overview. */
export function Brand() {
  return (
    <Link to="/" aria-label="Tocsin, to the overview" style={{ textDecoration: 'none', color: 'inherit' }}>
      <Group gap={8} wrap="nowrap">
        <img src="/console/bell.svg" width={26} height={26} alt="" />
        <Text fw={700} fz="lg" lts="-0.01em" visibleFrom="xs">
          Tocsin
        </Text>
      </Group>
    </Link>
  )
}
