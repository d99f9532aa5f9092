import { Box, Button, Collapse, Group } from '@mantine/core'
import { useDisclosure, useMediaQuery } from '@mantine/hooks'
import { IconFilter, IconX } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import classes from './Filters.module.css'

/**
 * Filters arranges the filters of a list in a row; on a small screen they are behind a button, but for the search, which
 * stands beside it. active is how many are set.
 */
export function Filters({
  active,
  clear,
  search,
  children,
}: {
  active: number
  clear: () => void
  search?: ReactNode
  children: ReactNode
}) {
  const narrow = useMediaQuery('(max-width: 48em)', undefined, { getInitialValueInEffect: false }) ?? false
  const [opened, { toggle }] = useDisclosure(false)
  const clearing = active > 0 && (
    <Button
      variant="subtle"
      color="gray"
      leftSection={<IconX size={14} aria-hidden />}
      onClick={clear}
      justify="flex-start"
    >
      Clear filters
    </Button>
  )
  if (!narrow)
    return (
      <Box className={classes.bar} role="search" aria-label="Filters">
        {search && <div data-wide>{search}</div>}
        {children}
        {clearing}
      </Box>
    )
  return (
    <Box role="search" aria-label="Filters">
      <Group justify="space-between" wrap="nowrap" gap="xs">
        {search && <div className={classes.search}>{search}</div>}
        <Button
          flex="0 0 auto"
          variant="default"
          leftSection={<IconFilter size={16} aria-hidden />}
          onClick={toggle}
          aria-expanded={opened}
        >
          {active > 0 ? `Filters (${active})` : 'Filters'}
        </Button>
        {!search && clearing}
      </Group>
      <Collapse expanded={opened}>
        <Box className={classes.bar} pt="xs">
          {children}
          {search && clearing}
        </Box>
      </Collapse>
    </Box>
  )
}
