import { Group } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './drawer.module.css'

/** Section is a part of the drawer with a heading; about stands beside it. */
export function Section({
  title,
  about,
  children,
}: {
  title: string
  about?: ReactNode
  children: ReactNode
}) {
  return (
    <section className={classes.section}>
      <Group gap={4} className={classes.heading}>
        <h3>{title}</h3>
        {about}
      </Group>
      {children}
    </section>
  )
}
