import { Children, type ReactNode } from 'react'
import classes from './Dots.module.css'

/** Dots sets short texts in a row with a dot between each two; no line begins or ends with one. What is nothing is left out. */
export function Dots({ children }: { children: ReactNode }) {
  return (
    <span className={classes.dots}>
      {Children.toArray(children).map((child, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the texts stand in a fixed order
        <span key={i}>{child}</span>
      ))}
    </span>
  )
}
