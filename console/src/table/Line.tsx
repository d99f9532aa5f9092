import { type KeyboardEvent, type MouseEvent, memo, type ReactNode } from 'react'
import type { Rows } from './columns'
import classes from './VirtualTable.module.css'

/** LineActs are what a line does; they are the same from draw to draw, so that a line is drawn anew only when it changed. */
export interface LineActs<T> {
  open(row: T): void
  openAside(row: T): void
  toggle(id: string): void
  move(index: number): void
  end(): void
  at(index: number): void
}

interface Props<T> {
  id: string
  index: number
  /** place is the line's place in the part of the list that is laid out. */
  place: number
  start: number
  row: T
  name: string
  /** line is the line as the table arranges it. */
  line: Rows<T>['lines'][number]
  table: Rows<T>['table']
  /** columns are compared to know whether the cells must be drawn anew. */
  columns: Rows<T>['columns']
  template: string
  height: number
  narrow: boolean
  card: (row: T) => ReactNode
  selectable: boolean
  chosen: boolean
  current: boolean
  faded: boolean
  tabbable: boolean
  opens: boolean
  measure: ((element: HTMLElement | null) => void) | undefined
  acts: LineActs<T>
}

function Row<T>(p: Props<T>) {
  return (
    <div
      role="row"
      aria-rowindex={p.index + 2}
      aria-selected={p.selectable ? p.chosen : undefined}
      aria-label={p.name}
      data-index={p.index}
      data-line={p.place}
      data-chosen={p.chosen || undefined}
      data-current={p.current || undefined}
      data-faded={p.faded || undefined}
      data-opens={p.opens || undefined}
      ref={p.measure}
      tabIndex={p.tabbable ? 0 : -1}
      className={p.narrow ? classes.card : classes.row}
      style={{
        top: p.start,
        ...(p.narrow ? {} : { height: p.height, gridTemplateColumns: p.template }),
      }}
      onFocus={() => p.acts.at(p.index)}
      onClick={(event) => clicked(event, p)}
      onAuxClick={(event) => clicked(event, p)}
      onKeyDown={(event) => pressed(event, p)}
    >
      {p.selectable && (
        <div role="gridcell" className={p.narrow ? undefined : classes.cell}>
          <input
            type="checkbox"
            className={classes.check}
            tabIndex={-1}
            aria-label={`Select ${p.name}`}
            checked={p.chosen}
            onChange={() => p.acts.toggle(p.id)}
          />
        </div>
      )}
      {p.narrow ? (
        <div role="gridcell">{p.card(p.row)}</div>
      ) : (
        p.line.getAllCells().map((cell, i) => (
          <div key={cell.id} role="gridcell" className={classes.cell} data-align={p.columns[i]?.align}>
            <p.table.FlexRender cell={cell} />
          </div>
        ))
      )}
    </div>
  )
}

function clicked<T>(event: MouseEvent<HTMLElement>, { opens, row, acts }: Props<T>) {
  if (!opens || ownsClick(event.target, event.currentTarget)) return
  if (event.button === 1 || event.ctrlKey || event.metaKey) acts.openAside(row)
  else if (event.button === 0) acts.open(row)
}

function pressed<T>(
  event: KeyboardEvent<HTMLElement>,
  { id, index, opens, selectable, row, acts }: Props<T>,
) {
  if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return
  if (event.key === 'Enter' && opens) acts.open(row)
  else if (event.key === 'ArrowDown') acts.move(index + 1)
  else if (event.key === 'ArrowUp') acts.move(index - 1)
  else if (event.key === 'Home') acts.move(0)
  else if (event.key === 'End') acts.end()
  else if (event.key === ' ' && selectable) acts.toggle(id)
  else return
  event.preventDefault()
}

/** ownsClick says whether what was clicked does something of its own: a link, a button, a checkbox, a menu of the line. */
function ownsClick(target: EventTarget, line: HTMLElement): boolean {
  if (!(target instanceof Element)) return false
  // What a menu of the line shows stands elsewhere in the page; React tells the line of clicks there all the same.
  if (!line.contains(target)) return true
  const owner = target.closest('a, button, input, label, [role="button"]')
  return owner !== null && owner !== line && line.contains(owner)
}

/** same compares what can be seen of two lines. The table's own objects change with every draw, and are left out. */
function same<T>(a: Props<T>, b: Props<T>): boolean {
  return (
    a.row === b.row &&
    a.index === b.index &&
    a.place === b.place &&
    a.start === b.start &&
    a.chosen === b.chosen &&
    a.current === b.current &&
    a.faded === b.faded &&
    a.tabbable === b.tabbable &&
    a.opens === b.opens &&
    a.selectable === b.selectable &&
    a.narrow === b.narrow &&
    a.height === b.height &&
    a.template === b.template &&
    a.columns === b.columns &&
    a.card === b.card &&
    a.name === b.name
  )
}

/** Line is one line of a table. */
export const Line = memo(Row, same) as typeof Row

/** Waiting holds the place of a line that is being read again. */
export const Waiting = memo(function Waiting(p: {
  index: number
  place: number
  start: number
  height: number
}) {
  return (
    <div
      role="row"
      aria-rowindex={p.index + 2}
      aria-label="Loading"
      data-line={p.place}
      className={classes.row}
      style={{ top: p.start, height: p.height }}
    >
      <div role="gridcell" className={classes.waiting} />
    </div>
  )
})
