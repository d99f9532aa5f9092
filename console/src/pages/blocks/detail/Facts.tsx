import { Box } from '@mantine/core'
import { Fragment, type ReactNode } from 'react'
import classes from './Facts.module.css'

/** Fact is a name and what is known under it. */
export type Fact = [name: string, value: ReactNode]

/** Facts lists names and values; what is undefined is left out. */
export function Facts({ facts }: { facts: readonly (Fact | undefined)[] }) {
  return (
    <Box component="dl" className={classes.facts}>
      {facts
        .filter((fact) => fact !== undefined)
        .map(([name, value]) => (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </Fragment>
        ))}
    </Box>
  )
}
