import type { ReactNode } from 'react'
import classes from './drawer.module.css'

/** Section is a part of the drawer with a heading. */
export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={classes.section}>
      <h3 className={classes.heading}>{title}</h3>
      {children}
    </section>
  )
}
