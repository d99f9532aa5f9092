import { monogram } from './letters'
import classes from './Monogram.module.css'

/** Monogram stands for a connector, where its name is beside it. */
export function Monogram({ title, small, dim }: { title: string; small?: boolean; dim?: boolean }) {
  return (
    <span className={classes.mark} data-small={small || undefined} data-dim={dim || undefined} aria-hidden>
      {monogram(title)}
    </span>
  )
}
