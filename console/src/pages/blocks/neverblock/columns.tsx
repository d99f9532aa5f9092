import { ActionIcon, Group, Stack, Text, Tooltip } from '@mantine/core'
import { IconTrash } from '@tabler/icons-react'
import { confirm } from '@/act/confirm'
import { done } from '@/act/notify'
import { api } from '@/api/client'
import { ttlLeft } from '@/blocking/duration'
import { hubNow } from '@/clock/hub'
import type { Column } from '@/table/columns'
import { Ago } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { State } from '@/text/State'
import { visible } from '@/text/visible'
import { type Exempt, origins, useNeverBlockChanged } from './useNeverBlock'

/** exemptColumns are the columns of the never-block list. */
export const exemptColumns = (mayChange: boolean): Column<Exempt>[] => [
  {
    id: 'target',
    header: 'Address or range',
    width: 'minmax(160px, 260px)',
    cell: (entry) => (
      <Text span className="mono" fw={600} title={entry.target}>
        {entry.target}
      </Text>
    ),
  },
  { id: 'reason', header: 'Reason', width: 'minmax(220px, 1fr)', cell: (entry) => <Reason entry={entry} /> },
  { id: 'origin', header: 'Origin', width: '190px', cell: (entry) => <Origin entry={entry} /> },
  { id: 'author', header: 'Added by', width: '180px', cell: (entry) => <Author entry={entry} /> },
  {
    id: 'until',
    header: 'Expires',
    width: '120px',
    cell: (entry) => <Ago time={entry.expires_at} none="never" />,
  },
  ...(mayChange
    ? [{ id: 'act', header: '', width: '52px', cell: (entry: Exempt) => <Remove entry={entry} /> }]
    : []),
]

function Reason({ entry }: { entry: Exempt }) {
  return (
    <Text size="sm" truncate title={visible(entry.reason)}>
      <EventText>{entry.reason}</EventText>
    </Text>
  )
}

/** Origin says who says that something is exempt. */
export function Origin({ entry }: { entry: Exempt }) {
  const { label, help } = origins[entry.source]
  return (
    <Tooltip label={help}>
      <span style={{ display: 'inline-flex', verticalAlign: 'middle' }}>
        <State value={entry.source} label={label} tone={entry.source === 'list' ? 'good' : 'calm'} />
      </span>
    </Tooltip>
  )
}

function Author({ entry }: { entry: Exempt }) {
  if (entry.source !== 'list')
    return (
      <Text span size="sm" c="dimmed">
        –
      </Text>
    )
  return (
    <div>
      <Text size="sm" truncate lh={1.3}>
        <EventText>{entry.author || entry.account || '–'}</EventText>
      </Text>
      {entry.created_at && (
        <Text size="xs" c="dimmed" lh={1.3}>
          <Ago time={entry.created_at} inherit />
        </Text>
      )}
    </div>
  )
}

function Remove({ entry }: { entry: Exempt }) {
  const changed = useNeverBlockChanged()
  // What is built in, configured, or of an account above, is not this account's to take away.
  if (entry.source !== 'list' || !entry.id || !entry.version) return null
  const { id = '' } = entry
  const ask = () =>
    confirm({
      title: `Remove ${entry.target} from the never-block list?`,
      text: (
        <>
          Blocks may touch it again. None comes back by itself. It was exempt because:{' '}
          <EventText>{entry.reason}</EventText>
        </>
      ),
      verb: 'Remove',
      danger: true,
      act: async () => {
        await api.DELETE('/api/v1/never-block/{id}', { params: { path: { id } } })
        await changed()
        done(`${entry.target} may be blocked again.`, async () => {
          const ttl = entry.expires_at ? ttlLeft(entry.expires_at, hubNow()) : undefined
          await api.POST('/api/v1/never-block', {
            body: { target: entry.target, reason: entry.reason, ...(ttl ? { ttl } : {}) },
          })
          await changed()
        })
      },
    })
  return (
    <Tooltip label="Remove from the list">
      <ActionIcon
        variant="subtle"
        color="gray"
        onClick={ask}
        aria-label={`Remove ${entry.target} from the never-block list`}
      >
        <IconTrash size={16} aria-hidden />
      </ActionIcon>
    </Tooltip>
  )
}

/** ExemptCard is an entry on a small screen. */
export function ExemptCard({ entry, mayChange }: { entry: Exempt; mayChange: boolean }) {
  return (
    <Group justify="space-between" wrap="nowrap" align="flex-start">
      <Stack gap={4} miw={0}>
        <Text span className="mono" fw={600} style={{ overflowWrap: 'anywhere' }}>
          {entry.target}
        </Text>
        <Text size="sm">
          <EventText lines={2}>{entry.reason}</EventText>
        </Text>
        <Group gap="xs">
          <Origin entry={entry} />
          <Text size="xs" c="dimmed">
            {entry.expires_at ? (
              <>
                until <Ago time={entry.expires_at} inherit />
              </>
            ) : (
              'for good'
            )}
          </Text>
        </Group>
      </Stack>
      {mayChange && <Remove entry={entry} />}
    </Group>
  )
}
