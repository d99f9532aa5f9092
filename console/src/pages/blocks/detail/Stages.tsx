import { Ago } from '@/text/Ago'
import type { Placement } from '../words'
import classes from './PlacementList.module.css'

/** Stages shows how far a block has come at a responder: desired, applied, verified, each with its time. */
export function Stages({ placement }: { placement: Placement }) {
  if (!placement.wanted) return null
  return (
    <ol className={classes.stages} aria-label="How far it has come">
      {stagesOf(placement).map(({ label, time, reached, broken }) => (
        <li
          key={label}
          className={classes.stage}
          data-reached={reached || undefined}
          data-broken={broken || undefined}
        >
          {broken ? `not ${label}` : label}{' '}
          {time ? <Ago time={time} inherit c="dimmed" /> : reached || broken ? null : 'not yet'}
        </li>
      ))}
    </ol>
  )
}

interface Stage {
  label: string
  time?: string
  reached: boolean
  /** broken: it was reached before, or tried, and does not hold. */
  broken: boolean
}

/** stagesOf is how far a placement that is wanted has come. */
export function stagesOf(placement: Placement): Stage[] {
  const { state, applied_at, verified_at } = placement
  if (state === 'covered') {
    return [
      { label: 'desired', reached: true, broken: false },
      { label: 'covered by a wider one', reached: true, broken: false },
    ]
  }
  const applied = state === 'applied' || state === 'verified'
  const broken = state === 'failed' || state === 'drifted' || state === 'evicted'
  return [
    { label: 'desired', reached: true, broken: false },
    { label: 'applied', time: applied ? applied_at : undefined, reached: applied, broken },
    {
      label: 'verified',
      time: state === 'verified' ? verified_at : undefined,
      reached: state === 'verified',
      broken: state === 'drifted',
    },
  ]
}
