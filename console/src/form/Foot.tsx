import { Stack } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './Foot.module.css'

/** Foot ends a form: its buttons, and what is said above them. In a drawer it stays in sight while the fields scroll. */
export function Foot({ children }: { children: ReactNode }) {
  return (
    <Stack gap="sm" className={classes.foot}>
      {children}
    </Stack>
  )
}
