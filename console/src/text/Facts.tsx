import type { ReactNode } from 'react'
import classes from './Facts.module.css'

/** FactLine is what something is called, and what is known of it. */
export type FactLine = readonly [name: string, value: ReactNode]

/** Facts are lines of names and values; those without a value are left out. */
export function Facts({ facts }: { facts: readonly (FactLine | undefined)[] }) {
  return (
    <FactList>
      {facts.map(
        (fact) =>
          fact &&
          isKnown(fact[1]) && (
            <Fact key={fact[0]} name={fact[0]}>
              {fact[1]}
            </Fact>
          ),
      )}
    </FactList>
  )
}

const isKnown = (value: ReactNode): boolean =>
  value !== undefined && value !== null && value !== false && value !== ''

/** FactList is around facts that are written out one by one. */
export function FactList({ children }: { children: ReactNode }) {
  return <dl className={classes.facts}>{children}</dl>
}

/** Fact is one of a FactList. */
export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  )
}
