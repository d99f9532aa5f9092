import { Button, Group, Stack, Switch, Text } from '@mantine/core'
import { DateTimePicker } from '@mantine/dates'
import { IconHistory } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { done } from '@/act/notify'
import { $api, api, type Schemas } from '@/api/client'
import { asProblem } from '@/api/problem'
import { JobProgress } from '@/jobs/JobProgress'
import { useLiveRefresh } from '@/live/LiveProvider'
import { Panel } from '@/page/Panel'
import { useCan } from '@/session/me'
import { Ago, When } from '@/text/Ago'
import { full } from '@/text/number'
import { State } from '@/text/State'
import type { Shown } from './data'

/** BackfillPanel brings an integration what was received before it was made, and shows how far that is. */
export function BackfillPanel({ integration }: Shown) {
  const write = useCan('deliveries:write')
  const queries = useQueryClient()
  useLiveRefresh(['job'], ['get', '/api/v1/jobs'])
  const jobs = $api.useQuery('get', '/api/v1/jobs', { params: { query: { limit: 100 } } })
  const own = (jobs.data?.items ?? []).filter((job) => job.backfill?.integration === integration.id)
  const running = own.some((job) => job.state === 'queued' || job.state === 'running')
  const [from, setFrom] = useState<string | null>(null)
  const [to, setTo] = useState<string | null>(null)
  const [all, setAll] = useState(false)
  const [error, setError] = useState('')
  const [busy, setBusy] = useState(false)
  const start = async () => {
    if (!from) {
      setError('Choose from when on.')
      return
    }
    setBusy(true)
    setError('')
    try {
      await api.POST('/api/v1/integrations/{id}/backfill', {
        params: { path: { id: integration.id } },
        body: { from: moment(from), to: to ? moment(to) : undefined, all: all || undefined },
      })
      await queries.invalidateQueries({ queryKey: ['get', '/api/v1/jobs'] })
      done('The backfill has begun.')
    } catch (thrown) {
      setError(asProblem(thrown).message)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Panel title="Backfill older events">
      <Stack gap="md">
        <Text size="sm" c="dimmed">
          An integration gets what comes after it was added. A backfill brings what was received before, as
          far as the journal has it and the subscription, as it is now, wants it.
        </Text>
        {write && (
          <>
            <Group align="flex-end" gap="sm">
              <DateTimePicker
                label="From"
                placeholder="Choose a time"
                valueFormat="YYYY-MM-DD HH:mm"
                value={from}
                onChange={setFrom}
                clearable
                clearButtonProps={{ 'aria-label': 'Clear from' }}
                w={200}
              />
              <DateTimePicker
                label="To"
                placeholder="No end"
                valueFormat="YYYY-MM-DD HH:mm"
                value={to}
                onChange={setTo}
                clearable
                clearButtonProps={{ 'aria-label': 'Clear to' }}
                w={200}
              />
              <Button
                variant="light"
                leftSection={<IconHistory size={16} aria-hidden />}
                loading={busy}
                disabled={running}
                title={running ? 'One is running' : undefined}
                onClick={() => void start()}
              >
                Start the backfill
              </Button>
            </Group>
            <Switch
              label="Include events it already received"
              description="It comes again with the same delivery ids, so that receivers drop what they have."
              checked={all}
              onChange={(event) => setAll(event.currentTarget.checked)}
            />
            {error && (
              <Text size="sm" c="error" role="alert">
                {error}
              </Text>
            )}
          </>
        )}
        {own.slice(0, 5).map((job) => (
          <JobLine key={job.id} job={job} />
        ))}
      </Stack>
    </Panel>
  )
}

/** moment makes a time of the reader's zone, as the picker writes it, one of the API. */
const moment = (local: string): string => new Date(local.replace(' ', 'T')).toISOString()

function JobLine({ job }: { job: Schemas['Job'] }) {
  const fill = job.backfill
  return (
    <Stack gap={4} role="group" aria-label="Backfill">
      <Group gap="xs">
        <State value={job.state} />
        <Text size="sm">
          from <When time={fill?.from} />
          {fill?.to && (
            <>
              {' '}
              to <When time={fill.to} />
            </>
          )}
        </Text>
        <Text size="xs" c="dimmed">
          begun <Ago time={job.created_at} />
        </Text>
      </Group>
      <JobProgress job={job} />
      <Text size="xs" c="dimmed" className="numbers">
        {full(fill?.read ?? 0)} of about {full(job.total)} events looked at
        {fill && `: ${full(fill.counts.matched)} wanted, ${full(fill.counts.mailbox)} in the mailbox`}
        {fill && fill.missing > 0 ? `; ${full(fill.missing)} are no longer in the journal` : ''}
      </Text>
      {fill?.clipped_from && (
        <Text size="xs" c="dimmed">
          The journal goes back to <When time={fill.clipped_from} /> only.
        </Text>
      )}
    </Stack>
  )
}
