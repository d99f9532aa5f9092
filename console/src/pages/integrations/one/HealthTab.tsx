import { SegmentedControl, Stack, Text } from '@mantine/core'
import { Suspense, useMemo, useState } from 'react'
import { $api, type Schemas } from '@/api/client'
import { hubNow } from '@/clock/hub'
import { useLiveRefresh } from '@/live/LiveProvider'
import { Panel } from '@/page/Panel'
import { lazyPart } from '@/part/lazyPart'
import { Loaded } from '@/state/Loaded'
import { Loading } from '@/state/Loading'
import { full, milliseconds, short } from '@/text/number'
import type { Shown } from './data'
import { stepsOf } from './steps'

const TimeChart = lazyPart(() => import('@/charts/TimeChart'), 'TimeChart')

type Window = '1h' | '24h' | '7d'

/** HealthTab shows how deliveries went over time. */
export function HealthTab({ integration }: Shown) {
  const [window, setWindow] = useState<Window>('1h')
  useLiveRefresh(['delivery', 'mailbox'], ['get', '/api/v1/pulse'])
  const pulse = $api.useQuery('get', '/api/v1/pulse', {
    params: { query: { window, integration: integration.id } },
  })
  return (
    <Stack gap="sm">
      <SegmentedControl
        w="fit-content"
        aria-label="How far back"
        data={[
          { value: '1h', label: 'An hour' },
          { value: '24h', label: 'A day' },
          { value: '7d', label: 'A week' },
        ]}
        value={window}
        onChange={(next) => setWindow(next as Window)}
      />
      <Loaded query={pulse} lines={8}>
        {(data) =>
          data.points.length > 0 ? <Charts pulse={data} /> : <Text size="sm">No data for that time.</Text>
        }
      </Loaded>
    </Stack>
  )
}

const sum = (points: Schemas['PulsePoint'][], name: 'delivered' | 'failed' | 'retried'): number =>
  points.reduce((total, point) => total + point[name], 0)

function Charts({ pulse }: { pulse: Schemas['Pulse'] }) {
  const { points } = pulse
  const { times, went, took, waits } = useMemo(() => {
    const steps = stepsOf(pulse, hubNow())
    const line = (name: 'delivered' | 'retried' | 'failed' | 'backlog' | 'mailbox' | 'p50_ms' | 'p99_ms') =>
      steps.map(({ point }) => point?.[name] ?? null)
    return {
      times: steps.map(({ at }) => at),
      went: [
        { label: 'Delivered', color: '--tocsin-good', values: line('delivered'), filled: true },
        { label: 'Retried', color: '--tocsin-warn', values: line('retried') },
        { label: 'Into the mailbox', color: '--tocsin-bad', values: line('failed') },
      ],
      took: [
        { label: 'p50', color: '--tocsin-low', values: line('p50_ms') },
        { label: 'p99', color: '--tocsin-high', values: line('p99_ms'), dashed: true },
      ],
      waits: [
        { label: 'Backlog', color: '--tocsin-low', values: line('backlog'), filled: true },
        { label: 'Mailbox', color: '--tocsin-bad', values: line('mailbox') },
      ],
    }
  }, [pulse])
  const last = points.at(-1)
  return (
    <Suspense fallback={<Loading lines={8} />}>
      <Panel title={`Deliveries, every ${stepWords(pulse.step_seconds)}`}>
        <TimeChart
          times={times}
          series={went}
          format={short}
          whole
          summary={`${full(sum(points, 'delivered'))} delivered, ${full(sum(points, 'retried'))} attempts to be made again, ${full(sum(points, 'failed'))} into the mailbox`}
        />
      </Panel>
      <Panel title="From arrival to delivery">
        <TimeChart
          times={times}
          series={took}
          format={milliseconds}
          none="No successful delivery in this time"
          summary="How long after their arrival events were delivered"
        />
      </Panel>
      <Panel title="What waits">
        <TimeChart
          times={times}
          series={waits}
          format={short}
          whole
          summary={`Backlog ${full(last?.backlog ?? 0)}, mailbox ${full(last?.mailbox ?? 0)} now`}
        />
      </Panel>
    </Suspense>
  )
}

const stepWords = (seconds: number): string =>
  seconds < 60 ? `${seconds} seconds` : `${seconds / 60} minutes`
