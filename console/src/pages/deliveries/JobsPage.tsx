import { Anchor, Group, Progress, Stack, Text } from '@mantine/core'
import { IconChecklist } from '@tabler/icons-react'
import { Link, Outlet, useNavigate, useParams } from '@tanstack/react-router'
import { api } from '@/api/client'
import { IntegrationName } from '@/integration/IntegrationName'
import { ended, type Job, outcome, share, title } from '@/jobs/job'
import { useLiveRefresh } from '@/live/LiveProvider'
import { Page } from '@/page/Page'
import { Empty } from '@/state/Empty'
import type { Column } from '@/table/columns'
import { pageSize, usePages } from '@/table/pages'
import { VirtualTable } from '@/table/VirtualTable'
import { Ago } from '@/text/Ago'
import { State } from '@/text/State'

interface Listed {
  items?: Job[] | null
  next?: string
}

/** JobsPage lists replays and backfills. */
export function JobsPage() {
  const navigate = useNavigate()
  const { job } = useParams({ strict: false })
  useLiveRefresh(['job'], ['get', '/api/v1/jobs'])
  const list = usePages<Job, Listed>(['get', '/api/v1/jobs'], async (cursor, signal) => {
    const query = { limit: pageSize, cursor: cursor || undefined }
    return (await api.GET('/api/v1/jobs', { params: { query }, signal })).data ?? {}
  })
  return (
    <Page
      title="Replays and backfills"
      back={{ to: '/deliveries', label: 'Deliveries' }}
      about="Long work with deliveries, the newest first. It goes on when you leave the page, and after a restart of the hub."
      fill
    >
      <VirtualTable
        label="Replays and backfills"
        {...list}
        columns={columns}
        rowID={(row) => row.id}
        rowName={(row) => `${title(row)}, ${row.state}: ${outcome(row)}`}
        card={jobCard}
        open={(row) => void navigate({ to: '/deliveries/jobs/$job', params: { job: row.id } })}
        current={job}
        empty={
          <Empty
            icon={IconChecklist}
            title="No replay or backfill yet"
            text="A replay sends again what is in the mailbox; a backfill sends a new integration what was received before it was added."
          >
            <Anchor component={Link} to="/mailbox" size="sm">
              Open the mailbox
            </Anchor>
          </Empty>
        }
      />
      <Outlet />
    </Page>
  )
}

function Bar({ row }: { row: Job }) {
  return <Progress value={share(row)} size="sm" animated={!ended(row)} aria-label={`${share(row)} % done`} />
}

function Whom({ row }: { row: Job }) {
  if (row.backfill) return <IntegrationName id={row.backfill.integration} />
  return (
    <Text span inherit c="dimmed">
      the mailbox
    </Text>
  )
}

const columns: readonly Column<Job>[] = [
  { id: 'state', header: 'State', width: '108px', cell: (row) => <State value={row.state} /> },
  { id: 'kind', header: 'Kind', width: '100px', cell: (row) => title(row) },
  { id: 'whom', header: 'Scope', width: 'minmax(150px, 0.8fr)', cell: (row) => <Whom row={row} /> },
  {
    id: 'outcome',
    header: 'Progress',
    width: 'minmax(260px, 1.6fr)',
    cell: (row) => <span className="numbers">{outcome(row)}</span>,
  },
  { id: 'bar', header: '', width: '140px', cell: (row) => <Bar row={row} /> },
  {
    id: 'begun',
    header: 'Started',
    width: '110px',
    align: 'right',
    cell: (row) => <Ago time={row.created_at} c="dimmed" />,
  },
]

const jobCard = (row: Job) => <JobCard row={row} />

function JobCard({ row }: { row: Job }) {
  return (
    <Stack gap={4}>
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm" fw={600}>
          {title(row)}
        </Text>
        <State value={row.state} />
      </Group>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text size="xs" truncate className="numbers">
          {outcome(row)}
        </Text>
        <Text size="xs" c="dimmed">
          <Ago time={row.created_at} />
        </Text>
      </Group>
      <Bar row={row} />
    </Stack>
  )
}
