import { Select, UnstyledButton } from '@mantine/core'
import { full } from '@/text/number'
import { countOf, type View, views } from './search'
import classes from './Views.module.css'

const order = Object.keys(views) as View[]

/** Views chooses which blocks are listed, and says how many there are of each. */
export function Views({
  value,
  counts,
  onChange,
}: {
  value: View
  counts: Record<string, number> | undefined
  onChange: (view: View) => void
}) {
  const words = (view: View) => {
    const n = countOf(view, counts)
    return n === undefined ? views[view].label : `${views[view].label} (${full(n)})`
  }
  return (
    <div className={classes.views}>
      <div role="group" aria-label="Which blocks" className={classes.wide}>
        {order.map((view) => {
          const n = countOf(view, counts)
          return (
            <UnstyledButton
              key={view}
              className={classes.view}
              aria-pressed={view === value}
              data-waits={(view === 'pending' && n !== undefined && n > 0) || undefined}
              onClick={() => onChange(view)}
            >
              {views[view].label}
              <span className={classes.count}>{n === undefined ? '' : full(n)}</span>
            </UnstyledButton>
          )
        })}
      </div>
      <Select
        className={classes.narrow}
        aria-label="Which blocks"
        allowDeselect={false}
        value={value}
        data={order.map((view) => ({ value: view, label: words(view) }))}
        onChange={(view) => view && onChange(view as View)}
      />
    </div>
  )
}
