import { Box, type BoxProps, Group, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './Page.module.css'

/** Panel is a part of a page with a ground of its own, and a heading if it has one. */
export function Panel({
  title,
  actions,
  children,
  flush,
  ...props
}: { title?: ReactNode; actions?: ReactNode; children: ReactNode; flush?: boolean } & BoxProps) {
  return (
    <Box component="section" className={classes.panel} {...props}>
      {(title || actions) && (
        <Group justify="space-between" px="md" pt="sm" pb={flush ? 'xs' : 0} wrap="nowrap">
          <Title order={2} fz="sm" fw={650}>
            {title}
          </Title>
          {actions}
        </Group>
      )}
      <Box p={flush ? 0 : 'md'}>{children}</Box>
    </Box>
  )
}
