import { Anchor, Box, CloseButton, Group, Text } from '@mantine/core'
import { IconRefresh } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import { refreshLists } from '@/table/refresh'
import { JobProblems } from './JobProblems'
import { JobProgress } from './JobProgress'
import classes from './JobTray.module.css'
import { ended, type Job, title } from './job'
import { forgetJob, useMyJobs } from './mine'
import { useJob } from './useJob'

/** problemsShown is how many problems of a job the tray names; its page has the others. */
const problemsShown = 2

/** quietly is how long a job that went well stays in the tray after its end, in milliseconds. */
const quietly = 10_000

/** JobTray shows the jobs that were started in this tab, wherever one goes meanwhile. */
export function JobTray() {
  const jobs = useMyJobs()
  if (jobs.length === 0) return null
  return (
    <Box className={classes.tray} component="section" aria-label="Running jobs">
      {jobs.map((job) => (
        <Tracked key={job.id} known={job} />
      ))}
    </Box>
  )
}

function Tracked({ known }: { known: Job }) {
  const queries = useQueryClient()
  const job = useJob(known.id, known).data ?? known
  const over = ended(job)
  const well = job.state === 'done' && job.failed === 0
  useEffect(() => {
    if (!over) return
    refreshLists(queries, '/api/v1/mailbox', '/api/v1/mailbox/causes', '/api/v1/deliveries', '/api/v1/jobs')
    if (!well) return
    const timer = window.setTimeout(() => forgetJob(job.id), quietly)
    return () => window.clearTimeout(timer)
  }, [over, well, job.id, queries])
  return (
    <Box className={classes.job}>
      <Group justify="space-between" wrap="nowrap" mb={4}>
        <Group gap={6} wrap="nowrap">
          <IconRefresh size={15} aria-hidden />
          <Anchor component={Link} to={`/deliveries/jobs/${job.id}`} size="sm" fw={600}>
            {title(job)}
          </Anchor>
          {over && (
            <Text span size="xs" c="dimmed">
              {job.state}
            </Text>
          )}
        </Group>
        <CloseButton size="sm" aria-label={`Hide this ${job.kind}`} onClick={() => forgetJob(job.id)} />
      </Group>
      <JobProgress job={job} />
      {over && job.failed > 0 && (
        <Box mt={8}>
          <JobProblems job={job} most={problemsShown} />
        </Box>
      )}
    </Box>
  )
}
