import { Drawer, Group, Stack, Text } from '@mantine/core'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { IntegrationName } from '@/integration/IntegrationName'
import { JobProblems } from '@/jobs/JobProblems'
import { JobProgress } from '@/jobs/JobProgress'
import { type Job, title } from '@/jobs/job'
import { useJob } from '@/jobs/useJob'
import { atTitle } from '@/page/atTitle'
import { Loaded } from '@/state/Loaded'
import { When } from '@/text/Ago'
import { type FactLine, Facts } from '@/text/Facts'
import { Identifier } from '@/text/Identifier'
import { full } from '@/text/number'
import { State } from '@/text/State'

const route = getRouteApi('/shell/deliveries/jobs/$job')

/** JobDrawer is one replay or backfill: how far it is, what it could not do, and why. */
export function JobDrawer() {
  const { job: id } = route.useParams()
  const navigate = useNavigate()
  const query = useJob(id)
  return (
    <Drawer
      opened
      onClose={() => void navigate({ to: '/deliveries/jobs' })}
      position="right"
      size={560}
      attributes={atTitle}
      overlayProps={{ backgroundOpacity: 0.35 }}
      closeButtonProps={{ 'aria-label': 'Close the job' }}
      title={
        <Group gap="xs">
          <Text fw={650} fz="md">
            {query.data ? title(query.data) : 'Job'}
          </Text>
          {query.data && <State value={query.data.state} />}
        </Group>
      }
    >
      <Loaded query={query}>
        {(job) => (
          <Stack gap="lg">
            <JobProgress job={job} />
            <Facts facts={facts(job)} />
            {job.failed > 0 && (
              <Stack gap="xs">
                <Text fw={650} size="sm">
                  What could not be done
                </Text>
                <JobProblems job={job} />
              </Stack>
            )}
          </Stack>
        )}
      </Loaded>
    </Drawer>
  )
}

function facts(job: Job): FactLine[] {
  const list: FactLine[] = [
    ['Started', <When key="" time={job.created_at} inherit />],
    ['Updated', <When key="" time={job.updated_at} inherit />],
  ]
  const { backfill } = job
  if (backfill) {
    list.push(
      ['To', <IntegrationName key="" id={backfill.integration} link />],
      [
        'Received',
        <span key="">
          from <When time={backfill.clipped_from ?? backfill.from} inherit />
          {backfill.to && (
            <>
              {' '}
              until <When time={backfill.to} inherit />
            </>
          )}
          {backfill.clipped_from && ' (the journal does not go back further)'}
        </span>,
      ],
      ['Events looked at', full(backfill.read)],
      ['Matched', full(backfill.counts.matched)],
      ['Delivered', full(backfill.counts.delivered)],
      ['Still waiting', full(backfill.counts.parked)],
      ['In the mailbox', full(backfill.counts.mailbox)],
      ['Skipped', `${full(backfill.counts.skipped)} (they are in the mailbox already)`],
    )
    if (backfill.missing > 0)
      list.push(['Missing', `${full(backfill.missing)} that the journal lost or trimmed`])
  }
  list.push(['Job id', <Identifier key="" value={job.id} what="the job's id" />])
  return list
}
