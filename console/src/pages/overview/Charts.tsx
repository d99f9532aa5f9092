import { Skeleton } from '@mantine/core'
import { Suspense, useMemo } from 'react'
import type { Series } from '@/charts/TimeChart'
import { Panel } from '@/page/Panel'
import { lazyPart } from '@/part/lazyPart'
import { milliseconds } from '@/text/number'
import { type Lines, rate } from './lines'
import classes from './Overview.module.css'
import { type PulseWindow, windowNames } from './window'

// The drawing library is read when the figures are there already.
const TimeChart = lazyPart(() => import('@/charts/TimeChart'), 'TimeChart')

/** chartHeight is how high a chart is, in pixels; the line above it is legendHeight. */
const chartHeight = 150
const legendHeight = 22

interface Picture {
  title: string
  summary: string
  format: (value: number) => string
  none?: string
  series: Series[]
}

/** Charts show how the hub did over the window. */
export function Charts({ lines, window }: { lines: Lines | undefined; window: PulseWindow }) {
  const pictures = useMemo(
    () => (lines ? picturesOf(lines, windowNames[window]) : undefined),
    [lines, window],
  )
  const titles = ['Throughput', 'Time to deliver', 'Errors']
  return (
    <div className={classes.three}>
      {titles.map((title, i) => (
        <Panel key={title} title={title}>
          <div style={{ height: chartHeight + legendHeight }}>
            {lines && pictures?.[i] ? (
              <Suspense fallback={<Skeleton height={chartHeight + legendHeight} aria-busy />}>
                <TimeChart times={lines.times} height={chartHeight} {...pictures[i]} />
              </Suspense>
            ) : (
              <Skeleton height={chartHeight + legendHeight} aria-busy />
            )}
          </div>
        </Panel>
      ))}
    </div>
  )
}

const duration = (ms: number) => (ms === 0 ? '0' : milliseconds(ms))
const perSecond = (n: number) => `${rate(n)}/s`
const perMinute = (n: number) => `${rate(n)}/min`

function picturesOf(lines: Lines, when: string): Picture[] {
  return [
    {
      title: 'Throughput',
      summary: `Events a second that came in and deliveries a second that succeeded, ${when}`,
      format: perSecond,
      series: [
        { label: 'in', color: '--tocsin-low', values: lines.received, filled: true },
        { label: 'delivered', color: '--tocsin-good', values: lines.delivered },
      ],
    },
    {
      title: 'Time to deliver',
      summary: `How long deliveries took after their event, half of them and 99 %, ${when}`,
      format: duration,
      none: 'No successful delivery in this time',
      series: [
        { label: 'p50', color: '--tocsin-link', values: lines.p50, filled: true },
        { label: 'p99', color: '--tocsin-high', values: lines.p99, dashed: true },
      ],
    },
    {
      title: 'Errors',
      summary: `Attempts a minute that failed and are made again, and deliveries a minute that failed for good, ${when}`,
      format: perMinute,
      series: [
        { label: 'retried', color: '--tocsin-warn', values: lines.retried, bars: 'before' },
        { label: 'failed for good', color: '--tocsin-bad', values: lines.failed, bars: 'behind' },
      ],
    },
  ]
}
