import { Box, Group, Text, useComputedColorScheme } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import classes from './TimeChart.module.css'
import { wholeSteps } from './wholeSteps'

/** Series is a line of a chart. Values are by time; null is where nothing is known. */
export interface Series {
  label: string
  /** color is a CSS variable, such as "--tocsin-good", so that it follows the theme. */
  color: string
  values: (number | null)[]
  /** filled draws the ground below the line. */
  filled?: boolean
  dashed?: boolean
  /** bars draws a bar for each figure instead of a line, for sums of a time; on which side of the time it stands. */
  bars?: 'before' | 'behind'
}

/** barWidth is how wide a bar is at most: a share of the way to the next one, and in pixels. */
const barWidth: [share: number, most: number] = [0.4, 14]

/** lonely are the places of figures that have no neighbour. */
const lonely = (values: (number | null)[]): number[] =>
  values.flatMap((value, i) =>
    value !== null && (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null ? [i] : [],
  )

/** barsOf is how a series of bars is drawn; it is filled. */
function barsOf({ bars }: Series): Partial<uPlot.Series> {
  if (!bars) return {}
  return {
    width: 0,
    paths: uPlot.paths.bars?.({ size: barWidth, align: bars === 'before' ? -1 : 1, gap: 1 }),
  }
}

/** withBars leaves room at both ends for half of the bars there. */
const withBars =
  (times: readonly number[]): uPlot.Range.Function =>
  (_, first, last) => {
    const half = ((times[1] ?? 0) - (times[0] ?? 0)) / 2
    return [first - half, last + half]
  }

/** aDay is a day in seconds. */
const aDay = 86_400

/** moment is a time at the axis, in the reader's zone: its hour, or its day where ticks are days or a day begins. */
function moment(seconds: number, step: number): string {
  const at = new Date(seconds * 1_000)
  if (step < aDay && (at.getHours() > 0 || at.getMinutes() > 0 || step < 3_600))
    return at.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
  return at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })
}

/** TimeChart draws figures over time. times are in seconds, growing. summary says in words what the picture shows. */
export function TimeChart({
  times,
  series,
  summary,
  format,
  height = 180,
  whole,
  none,
}: {
  times: number[]
  series: Series[]
  summary: string
  format: (value: number) => string
  height?: number
  /** whole is for counts: the ticks beside the chart are whole numbers. */
  whole?: boolean
  /** none says that there is no figure at all; the ticks beside the chart would mean nothing then. */
  none?: string
}) {
  const box = useRef<HTMLDivElement>(null)
  const scheme = useComputedColorScheme('light')
  const [at, setAt] = useState<number | null>(null)
  const empty = none !== undefined && series.every(({ values }) => values.every((value) => value === null))
  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme's colours are read anew when it changes
  useEffect(() => {
    const place = box.current
    if (!place) return
    const css = getComputedStyle(place)
    const color = (name: string) => css.getPropertyValue(name).trim()
    const axis = {
      stroke: color('--mantine-color-dimmed'),
      grid: { stroke: color('--tocsin-line'), width: 1 },
      ticks: { show: false },
      font: `11px ${css.fontFamily}`,
    }
    const chart = new uPlot(
      {
        width: place.clientWidth || 300,
        height,
        padding: [8, 12, 0, 0],
        legend: { show: false },
        cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false } },
        scales: {
          ...(series.some(({ bars }) => bars) ? { x: { range: withBars(times) } } : {}),
          y: { range: (_, low, high) => [Math.min(0, low ?? 0), Math.max(1, (high ?? 0) * 1.12)] },
        },
        axes: [
          { ...axis, size: 26, values: (_, ticks, __, ___, step) => ticks.map((tick) => moment(tick, step)) },
          {
            ...axis,
            size: 54,
            ...(whole ? { incrs: wholeSteps } : {}),
            values: (_, ticks) => ticks.map((tick) => (empty ? '' : format(tick))),
          },
        ],
        series: [
          {},
          ...series.map((each) => ({
            label: each.label,
            stroke: color(each.color),
            width: 1.8,
            dash: each.dashed ? [5, 4] : undefined,
            fill: each.bars
              ? color(each.color)
              : each.filled
                ? `color-mix(in srgb, ${color(each.color)} 16%, transparent)`
                : undefined,
            ...barsOf(each),
            // A lone figure makes no line: it is drawn as a point.
            points: { show: !each.bars, size: 5, filter: () => lonely(each.values) },
            spanGaps: false,
          })),
        ],
        hooks: { setCursor: [(u: uPlot) => setAt(u.cursor.idx ?? null)] },
      },
      [times, ...series.map((each) => each.values)] as uPlot.AlignedData,
      place,
    )
    const resize = new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height }))
    resize.observe(place)
    return () => {
      resize.disconnect()
      chart.destroy()
    }
  }, [times, series, height, format, scheme, whole, empty])

  const index = at ?? times.length - 1
  return (
    <Box>
      <Group gap="md" mb={4} className={classes.legend}>
        {series.map((each) => {
          const value = each.values[index]
          return (
            <Group key={each.label} gap={6} wrap="nowrap">
              <span className={classes.key} style={{ background: `var(${each.color})` }} />
              <Text size="xs" c="dimmed">
                {each.label}
              </Text>
              <Text size="xs" fw={600} className="numbers">
                {value === null || value === undefined ? '–' : format(value)}
              </Text>
            </Group>
          )
        })}
        <Text size="xs" c="dimmed" className="numbers">
          {at !== null && times[at] !== undefined ? new Date(times[at] * 1_000).toLocaleString('en-GB') : ''}
        </Text>
      </Group>
      <div className={classes.plot}>
        <div ref={box} role="img" aria-label={summary} style={{ height }} />
        {empty && (
          <Text size="sm" c="dimmed" className={classes.none}>
            {none}
          </Text>
        )}
      </div>
    </Box>
  )
}
