import classes from './State.module.css'
import { ago, clockTime, exact, useNow } from './time'

/**
 * Clock shows when something was by the clock, for lists in which much happens in a minute; how long ago that was, and the
 * exact time, are its title.
 */
export function Clock({ time }: { time: string }) {
  const now = useNow()
  const at = Date.parse(time)
  if (Number.isNaN(at)) return <span>–</span>
  return (
    <time dateTime={time} title={`${ago(at, now)}: ${exact(at)}`} className={`numbers ${classes.time}`}>
      {clockTime(at, now)}
    </time>
  )
}
