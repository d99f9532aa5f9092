import { Button, Group, Progress, Stack, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { failed } from '@/act/notify'
import { useCan } from '@/session/me'
import { ended, type Job, outcome, share, title } from './job'
import { cancelJob } from './useJob'

const colorOf = (job: Job): string => {
  if (job.state === 'failed') return 'red'
  if (job.state === 'cancelled') return 'gray'
  return job.failed > 0 ? 'yellow' : 'bell'
}

/** JobProgress shows how far a job is, in words and as a bar, and cancels it. */
export function JobProgress({ job }: { job: Job }) {
  return (
    <Stack gap={6}>
      <Group justify="space-between" wrap="nowrap" gap="sm" mih={26}>
        <Text size="sm" className="numbers" role="status" style={{ overflowWrap: 'anywhere' }}>
          {outcome(job)}
        </Text>
        <CancelJob job={job} />
      </Group>
      <Progress
        value={share(job)}
        color={colorOf(job)}
        animated={!ended(job)}
        size="sm"
        aria-label={`${title(job)}: ${share(job)} % done`}
      />
    </Stack>
  )
}

/** CancelJob ends a job that runs; of one that has ended it shows nothing. */
export function CancelJob({ job }: { job: Job }) {
  const queries = useQueryClient()
  const allowed = useCan('deliveries:write')
  const [busy, setBusy] = useState(false)
  if (ended(job) || !allowed) return null
  const cancel = async () => {
    setBusy(true)
    try {
      await cancelJob(job.id)
      await queries.invalidateQueries({ queryKey: ['get', '/api/v1/jobs'] })
      await queries.invalidateQueries({ queryKey: ['get', '/api/v1/jobs/{id}', job.id] })
    } catch (thrown) {
      failed('Cancelling the job', thrown)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Button size="compact-sm" variant="default" loading={busy} onClick={() => void cancel()}>
      Cancel
    </Button>
  )
}
