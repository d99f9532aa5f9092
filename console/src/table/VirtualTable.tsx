import { Loader } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { type ReactNode, useCallback, useEffect, useMemo, useRef } from 'react'
import { useKeys } from '@/keys/useKeys'
import { Failure } from '@/state/Failure'
import { Loading } from '@/state/Loading'
import { full } from '@/text/number'
import { type Column, leastWidth, useRows } from './columns'
import { Line, type LineActs, Waiting } from './Line'
import type { Lines } from './lines'
import type { Selection } from './selection'
import { useCursor } from './useCursor'
import { useStretch } from './useStretch'
import classes from './VirtualTable.module.css'

/** usualHeight is the height of a line of a table, in pixels: all are equal, so that a million scroll like ten. */
const usualHeight = 44
/** cardHeight is how high a line is on a small screen, before it is measured, in pixels. */
const cardHeight = 92
/** headHeight is the height of the head of the columns, in pixels. */
const headHeight = 36
/** footHeight is the height of what stands below the last line, in pixels; the lines of the box are in it. */
const footHeight = 42
/** boxWidth is the width of the column of checkboxes, in pixels. */
const boxWidth = 40
/** nearEnd is how many lines before the end the next page is asked for. */
const nearEnd = 40

/** VirtualTableProps describe a table of which only the lines in sight are in the page. */
export interface VirtualTableProps<T> {
  /** label names the table for those who do not see it. */
  label: string
  rows: Lines<T>
  /** columns are the same from draw to draw: a constant, or memoised. */
  columns: readonly Column<T>[]
  rowID: (row: T) => string
  /** rowName names a line for those who do not see it, such as its title. */
  rowName: (row: T) => string
  /** card is a line on a small screen; it should be the same function from draw to draw. */
  card: (row: T) => ReactNode
  /** open is what Enter and a click do. */
  open?: (row: T) => void
  /** href is the address of a line's details: with Ctrl or the middle button they are opened in a tab of their own. */
  href?: (row: T) => string
  selection?: Selection
  /** current is the line whose details are open. It is scrolled into sight, and gets the focus back when they are closed. */
  current?: string
  /** atCursor hears of the line that j and k are on. */
  atCursor?: (row: T | undefined) => void
  /** faded says which lines stand back, such as those that the filter would not let through any more. */
  faded?: (row: T) => boolean
  loading?: boolean
  error?: unknown
  retry?: () => void
  /** empty is shown when there is no line. */
  empty: ReactNode
  hasMore?: boolean
  loadingMore?: boolean
  loadMore?: () => void
  /** sight hears from which line to which one is in the page. */
  sight?: (first: number, last: number) => void
  /** rowHeight is the height of a line, in pixels, for lines with more than one row of text. */
  rowHeight?: number
  /** total is how many lines there are in all, if that is known. */
  total?: number
  /** natural lets the table be as high as its lines, up to most of the window, instead of filling the page. */
  natural?: boolean
}

/** VirtualTable shows lines page by page, as far as somebody scrolls; j, k, Enter and x work on it. */
export function VirtualTable<T>(props: VirtualTableProps<T>) {
  const { rows, rowID, selection, hasMore, loadingMore, loadMore, columns, rowHeight = usualHeight } = props
  const narrow = useMediaQuery('(max-width: 48em)', undefined, { getInitialValueInEffect: false }) ?? false
  const box = useRef<HTMLDivElement>(null)
  const idAt = useCallback(
    (index: number) => {
      const row = rows.at(index)
      return row === undefined ? undefined : rowID(row)
    },
    [rows, rowID],
  )
  const keyAt = useCallback((index: number) => idAt(index) ?? index, [idAt])
  const { from, items, total, measure, reach } = useStretch({
    box,
    length: rows.length,
    size: narrow ? cardHeight : rowHeight,
    keyAt: narrow ? keyAt : undefined,
    paddingStart: narrow ? 0 : headHeight,
  })
  const first = from + (items[0]?.index ?? 0)
  const last = from + (items.at(-1)?.index ?? -1)
  // Only lines in sight are arranged: however many are loaded, a line more costs nothing.
  const inSight = useMemo(() => {
    const found: T[] = []
    for (let index = first; index <= last; index++) {
      const row = rows.at(index)
      if (row !== undefined) found.push(row)
    }
    return found
  }, [rows, first, last])
  const { table, lines } = useRows(inSight, columns, rowID)
  const { sight } = props
  // biome-ignore lint/correctness/useExhaustiveDependencies: lines that have come may leave others out
  useEffect(() => sight?.(first, last), [sight, first, last, rows])
  useEffect(() => {
    if (hasMore && !loadingMore && rows.length > 0 && last >= rows.length - nearEnd) loadMore?.()
  }, [hasMore, loadingMore, rows.length, last, loadMore])

  const latest = useRef(props)
  latest.current = props
  const cursor = useCursor({
    box,
    count: rows.length,
    idAt,
    reach,
    current: props.current,
    moved: (index) => latest.current.atCursor?.(latest.current.rows.at(index)),
  })
  const { at, move } = cursor
  const acts = useMemo<LineActs<T>>(
    () => ({
      open: (row) => latest.current.open?.(row),
      openAside: (row) => {
        const href = latest.current.href?.(row)
        if (href) window.open(href, '_blank', 'noopener')
        else latest.current.open?.(row)
      },
      toggle: (id) => latest.current.selection?.toggle(id),
      move,
      end: () => move(latest.current.rows.length - 1),
      at,
    }),
    [move, at],
  )
  const here = cursor.index >= 0 ? idAt(cursor.index) : undefined
  useKeys({
    j: () => move(cursor.index + 1),
    k: () => move(cursor.index < 0 ? 0 : cursor.index - 1),
    x: () => here !== undefined && selection?.toggle(here),
  })

  const template = useMemo(
    () => [...(selection ? [`${boxWidth}px`] : []), ...columns.map((column) => column.width)].join(' '),
    [columns, selection],
  )
  const minWidth = narrow ? undefined : leastWidth(columns) + (selection ? boxWidth : 0)
  if (props.error && rows.length === 0) return <Failure error={props.error} retry={props.retry} />
  const tabbable = cursor.index >= first && cursor.index <= last ? cursor.index : first
  let arranged = 0
  return (
    <div
      ref={box}
      className={classes.box}
      data-natural={props.natural || undefined}
      style={heights(props, { narrow, lines: total })}
      // A scrolling region without anything to focus in it must be reachable itself.
      tabIndex={rows.length === 0 ? 0 : -1}
    >
      <div
        role="grid"
        aria-label={props.label}
        aria-rowcount={props.total ?? (hasMore ? -1 : rows.length)}
        aria-busy={props.loading || undefined}
      >
        {!narrow && (
          <div role="row" className={classes.head} style={{ gridTemplateColumns: template, minWidth }}>
            {selection && (
              <div role="columnheader" className={classes.cell}>
                <ChooseAll rows={rows} rowID={rowID} selection={selection} />
              </div>
            )}
            {columns.map((column) => (
              <div key={column.id} role="columnheader" className={classes.cell} data-align={column.align}>
                {column.header}
              </div>
            ))}
          </div>
        )}
        {rows.length === 0 ? (
          <div role="row">
            <div role="gridcell">{props.loading ? <Loading lines={8} /> : props.empty}</div>
          </div>
        ) : (
          <div className={classes.body} style={{ height: total, minWidth }} role="rowgroup">
            {items.map((item) => {
              const index = from + item.index
              const row = rows.at(index)
              const line = row === undefined ? undefined : lines[arranged++]
              if (row === undefined || !line) {
                const height = item.size
                const at = { index, place: item.index, start: item.start, height }
                return <Waiting key={`waiting ${index}`} {...at} />
              }
              return (
                <Line
                  key={line.id}
                  id={line.id}
                  index={index}
                  place={item.index}
                  start={item.start}
                  row={row}
                  name={props.rowName(row)}
                  line={line}
                  table={table}
                  columns={columns}
                  template={template}
                  height={rowHeight}
                  narrow={narrow}
                  card={props.card}
                  selectable={selection !== undefined}
                  chosen={selection?.has(line.id) ?? false}
                  current={props.current === line.id}
                  faded={props.faded?.(row) ?? false}
                  tabbable={index === tabbable}
                  opens={props.open !== undefined}
                  measure={narrow ? measure : undefined}
                  acts={acts}
                />
              )
            })}
          </div>
        )}
      </div>
      {rows.length > 0 && <Foot {...props} />}
    </div>
  )
}

/** heights are the bounds of a table's height: a list that is all there is no higher than its lines, and what is below them. */
function heights<T>(
  { natural, rows, rowHeight = usualHeight, hasMore, error }: VirtualTableProps<T>,
  { narrow, lines }: { narrow: boolean; lines: number },
) {
  if (rows.length === 0) return undefined
  if (natural) return narrow ? undefined : { minHeight: Math.min(10, rows.length) * rowHeight + 40 }
  return hasMore || error ? undefined : { maxHeight: (narrow ? 0 : headHeight) + lines + footHeight }
}

/** ChooseAll chooses all lines that are loaded, or none. */
function ChooseAll<T>({
  rows,
  rowID,
  selection,
}: {
  rows: Lines<T>
  rowID: (row: T) => string
  selection: Selection
}) {
  const all = useMemo(() => {
    if (rows.length === 0 || selection.size === 0) return false
    for (const row of rows) if (!selection.has(rowID(row))) return false
    return true
  }, [rows, rowID, selection])
  return (
    <input
      type="checkbox"
      className={classes.check}
      aria-label="Select all loaded lines"
      checked={all}
      ref={(element) => {
        if (element) element.indeterminate = selection.size > 0 && !all
      }}
      onChange={() => (all ? selection.clear() : selection.add(Array.from(rows, rowID)))}
    />
  )
}

function Foot<T>({ rows, total, error, retry, hasMore, loadingMore }: VirtualTableProps<T>) {
  return (
    <div className={classes.foot} role="status">
      {loadingMore ? (
        <Loader size="xs" type="dots" aria-label="Loading more" />
      ) : error ? (
        <Failure error={error} retry={retry} />
      ) : hasMore ? (
        `${full(rows.length)} shown${total ? ` of ${full(total)}` : ''}; more as you scroll`
      ) : (
        `${full(rows.length)} in all`
      )}
    </div>
  )
}
