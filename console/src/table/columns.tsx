import { type ColumnDef, createColumnHelper, tableFeatures, useTable } from '@tanstack/react-table'
import { type ReactNode, useMemo } from 'react'

/** Column is a column of a table. */
export interface Column<T> {
  id: string
  header: ReactNode
  /** width is a track of CSS grid, such as "120px" or "minmax(200px, 1fr)". Its first number is the least width. */
  width: string
  align?: 'right'
  cell: (row: T) => ReactNode
}

// The hub sorts, filters and pages; the table only arranges cells.
const features = tableFeatures({})

/** useRows arranges rows in columns. Columns must be the same from draw to draw. */
export function useRows<T>(rows: readonly T[], columns: readonly Column<T>[], rowID: (row: T) => string) {
  const definitions = useMemo(() => {
    const column = createColumnHelper<typeof features, { row: T }>()
    return columns.map((each) =>
      column.display({
        id: each.id,
        header: () => each.header,
        cell: ({ row }) => each.cell(row.original.row),
      }),
    ) as ColumnDef<typeof features, { row: T }>[]
  }, [columns])
  const data = useMemo(() => rows.map((row) => ({ row })), [rows])
  const table = useTable({ features, columns: definitions, data, getRowId: ({ row }) => rowID(row) })
  return { table, lines: table.getRowModel().rows, columns }
}

/** Rows are rows that are arranged in columns. */
export type Rows<T> = ReturnType<typeof useRows<T>>

/** leastWidth is how wide the columns are at least together, in pixels. */
export function leastWidth(columns: readonly { width: string }[]): number {
  return columns.reduce((sum, { width }) => sum + Number(/(\d+)px/.exec(width)?.[1] ?? 0), 0)
}
