import { sparkPath } from './sparkPath'

/** Spark is a small line without axes. values are in order; null is where nothing is known. summary says what it shows. */
export function Spark({
  values,
  color = 'var(--tocsin-link)',
  summary,
  width = 110,
  height = 26,
}: {
  values: (number | null)[]
  color?: string
  summary: string
  width?: number
  height?: number
}) {
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={summary}>
      <path
        d={sparkPath(values, width, height)}
        fill="none"
        stroke={color}
        strokeWidth={1.6}
        strokeLinejoin="round"
        strokeLinecap="round"
      />
    </svg>
  )
}
