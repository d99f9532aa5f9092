import { ActionIcon, Button, Group, Stack, Text, Tooltip } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconDownload, IconListDetails, IconRefresh, IconShieldCheck } from '@tabler/icons-react'
import { getRouteApi, Outlet, useNavigate, useParams } from '@tanstack/react-router'
import { useMemo } from 'react'
import { api } from '@/api/client'
import { Page } from '@/page/Page'
import { useCan } from '@/session/me'
import { Empty } from '@/state/Empty'
import type { Column } from '@/table/columns'
import { pageSize, usePages } from '@/table/pages'
import { VirtualTable } from '@/table/VirtualTable'
import { Ago, When } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { ActorName } from './ActorName'
import { AuditFilters } from './AuditFilters'
import { type Act, nameOf, subjectOf } from './act'
import { ExportDialog } from './ExportDialog'
import { Outcome } from './Outcome'
import { filterOf } from './search'
import { Target } from './Target'
import { VerifyDialog } from './VerifyDialog'

const route = getRouteApi('/shell/audit')

/** Listed is one page of the record. */
export interface Listed {
  items?: Act[] | null
  next?: string
}

/** auditKey is where the cache keeps the lists of the record. */
export const auditKey = ['get', '/api/v1/audit'] as const

/** AuditPage shows who did what to what, from where, and how it ended. */
export function AuditPage() {
  const search = route.useSearch()
  const navigate = useNavigate()
  const { seq } = useParams({ strict: false })
  const filter = useMemo(() => filterOf(search), [search])
  const list = usePages<Act, Listed>([...auditKey, filter], async (cursor, signal) => {
    const query = { ...filter, limit: pageSize, cursor: cursor || undefined }
    return (await api.GET('/api/v1/audit', { params: { query }, signal })).data ?? {}
  })
  const mayRead = useCan('audit:read')
  const [verifying, verify] = useDisclosure(false)
  const [exporting, exports] = useDisclosure(false)
  const filtered = Object.keys(filter).length > 0
  return (
    <Page
      title="Audit"
      about="Who did what, from where, and how it ended. Each act is written down before it takes effect, chained to the one before it."
      fill
      actions={
        mayRead && (
          <>
            <Tooltip label="Read the newest acts">
              <ActionIcon
                variant="default"
                size={36}
                aria-label="Read the newest acts"
                onClick={() => void list.refetch()}
              >
                <IconRefresh size={17} aria-hidden />
              </ActionIcon>
            </Tooltip>
            <Button
              variant="default"
              leftSection={<IconDownload size={16} aria-hidden />}
              onClick={exports.open}
            >
              Export
            </Button>
            <Button
              variant="default"
              leftSection={<IconShieldCheck size={16} aria-hidden />}
              onClick={verify.open}
            >
              Verify the chain
            </Button>
          </>
        )
      }
    >
      <AuditFilters filter={filter} set={(next) => void navigate({ to: '/audit', search: next })} />
      <VirtualTable
        label="Audited acts"
        {...list}
        columns={columns}
        rowID={(row) => String(row.seq)}
        rowName={(row) => `${row.action} by ${nameOf(row.actor)}, ${row.outcome}`}
        card={actCard}
        open={(row) =>
          void navigate({
            to: '/audit/$seq',
            params: { seq: String(row.seq) },
            search: { ...filter, at: row.at },
          })
        }
        current={seq}
        empty={
          <Empty
            icon={IconListDetails}
            title={filtered ? 'No act matches' : 'No activity yet'}
            text={
              filtered
                ? 'Remove a filter to see more.'
                : 'Every privileged act in this account is listed here.'
            }
          >
            {filtered && (
              <Button variant="light" onClick={() => void navigate({ to: '/audit', search: {} })}>
                Clear filters
              </Button>
            )}
          </Empty>
        }
      />
      <VerifyDialog opened={verifying} close={verify.close} />
      <ExportDialog opened={exporting} close={exports.close} since={filter.since} until={filter.until} />
      <Outlet />
    </Page>
  )
}

const columns: readonly Column<Act>[] = [
  { id: 'at', header: 'Time', width: '168px', cell: (row) => <When time={row.at} /> },
  {
    id: 'actor',
    header: 'Actor',
    width: 'minmax(170px, 1fr)',
    cell: (row) => <ActorName actor={row.actor} />,
  },
  {
    id: 'address',
    header: 'Address',
    width: '130px',
    cell: (row) => (
      <EventText inherit className="mono" c="dimmed">
        {row.actor.address || '–'}
      </EventText>
    ),
  },
  {
    id: 'action',
    header: 'Action',
    width: 'minmax(170px, 0.9fr)',
    cell: (row) => (
      <Text span inherit fw={600}>
        {row.action}
      </Text>
    ),
  },
  {
    id: 'target',
    header: 'Target',
    width: 'minmax(180px, 1.3fr)',
    cell: (row) => <Target act={row} />,
  },
  {
    id: 'outcome',
    header: 'Outcome',
    width: '104px',
    cell: (row) => <Outcome value={row.outcome} />,
  },
]

const actCard = (row: Act) => <ActCard row={row} />

function ActCard({ row }: { row: Act }) {
  return (
    <Stack gap={4}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text size="sm" fw={600} truncate>
          {row.action}
        </Text>
        <Outcome value={row.outcome} />
      </Group>
      <Group justify="space-between" wrap="nowrap" gap="xs" fz="xs">
        <ActorName actor={row.actor} />
        <Ago time={row.at} c="dimmed" />
      </Group>
      {(row.target || subjectOf(row)) && (
        <Text size="xs" truncate>
          <Target act={row} />
        </Text>
      )}
    </Stack>
  )
}
