import { Box, Button, Group, Text } from '@mantine/core'
import { IconRefresh, IconTrash } from '@tabler/icons-react'
import { useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import { api } from '@/api/client'
import { mostIDs, useActs } from '@/delivery/acts'
import { deliveryCard, deliveryColumns, deliveryName } from '@/delivery/columns'
import { causeClass, type Delivery, splitCause } from '@/delivery/words'
import { IntegrationName } from '@/integration/IntegrationName'
import { Back } from '@/page/Back'
import { Panel } from '@/page/Panel'
import { useCan } from '@/session/me'
import { pageSize, usePages } from '@/table/pages'
import { useSelection } from '@/table/selection'
import { VirtualTable } from '@/table/VirtualTable'
import { EventText } from '@/text/EventText'
import { full } from '@/text/number'
import { useCauses } from './Causes'
import { NothingHere } from './NothingHere'
import { discardable, filterOf, type MailboxSearch, replayable } from './search'

interface Listed {
  items?: Delivery[] | null
  next?: string
}

/** Entries are the mailbox's deliveries one by one, to choose some of, or to act on all that match. */
export function Entries({ search }: { search: MailboxSearch }) {
  const navigate = useNavigate()
  const filter = useMemo(() => filterOf(search), [search])
  const list = usePages<Delivery, Listed>(['get', '/api/v1/mailbox', filter], async (cursor, signal) => {
    const query = { ...filter, limit: pageSize, cursor: cursor || undefined }
    return (await api.GET('/api/v1/mailbox', { params: { query }, signal })).data ?? {}
  })
  const { data: causes } = useCauses(search)
  const total = causes && !causes.approximate ? causes.total : undefined
  const allowed = useCan('deliveries:write')
  const selection = useSelection(JSON.stringify(filter))
  const place = search.status ?? 'mailbox'
  const acts = allowed && (replayable(place) || discardable(place))
  return (
    <>
      {search.cause !== undefined && <Chosen search={search} />}
      {acts && (list.rows.length > 0 || selection.size > 0) && (
        <Toolbar search={search} total={total} chosen={[...selection.ids]} clear={selection.clear} />
      )}
      <VirtualTable
        label="Deliveries in the mailbox"
        {...list}
        columns={deliveryColumns}
        rowID={(row) => row.id}
        rowName={deliveryName}
        card={deliveryCard}
        open={(row) => void navigate({ to: '/deliveries/$delivery', params: { delivery: row.id } })}
        selection={acts ? selection : undefined}
        total={total}
        empty={<NothingHere search={search} />}
      />
    </>
  )
}

/** Chosen says which cause the list is about, and leads back to all. */
function Chosen({ search }: { search: MailboxSearch }) {
  const { what, answer } = splitCause(search.cause)
  const { cause: _, cause_class: __, integration: ___, list: ____, ...rest } = search
  return (
    <Panel>
      <Back to="/mailbox" search={rest} label="All causes" />
      <EventText fw={600} size="sm" display="block" mt={6}>
        {what}
      </EventText>
      {answer && (
        <EventText className="mono" fz={12} c="dimmed" lines={3}>
          {answer}
        </EventText>
      )}
      <Text size="xs" c="dimmed" mt={4}>
        {search.integration && (
          <>
            <IntegrationName id={search.integration} link /> ·{' '}
          </>
        )}
        {causeClass(search.cause_class ?? '')}
      </Text>
    </Panel>
  )
}

function Toolbar({
  search,
  total,
  chosen,
  clear,
}: {
  search: MailboxSearch
  total: number | undefined
  chosen: string[]
  clear: () => void
}) {
  const acts = useActs(clear)
  const place = search.status ?? 'mailbox'
  const some = chosen.length > 0
  const selected = some ? { ids: chosen } : { filter: filterOf(search) }
  const n = some ? chosen.length : total
  const tooMany = chosen.length > mostIDs
  const all = total === undefined ? 'all that match' : `all ${full(total)}`
  return (
    <Group justify="space-between" gap="xs" role="toolbar" aria-label="Act on deliveries">
      <Box>
        <Text size="sm" className="numbers" role="status">
          {some
            ? `${full(chosen.length)} selected`
            : total !== undefined
              ? `${full(total)} match`
              : 'Select some, or act on all that match'}
        </Text>
        {tooMany && (
          <Text size="xs" c="error">
            At most {full(mostIDs)} can be selected one by one; use the filters for more.
          </Text>
        )}
      </Box>
      <Group gap="xs">
        {some && (
          <Button size="xs" variant="subtle" color="gray" onClick={clear}>
            Clear selection
          </Button>
        )}
        {discardable(place) && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconTrash size={15} aria-hidden />}
            disabled={tooMany}
            onClick={() => acts.discard(selected, n)}
          >
            {some ? 'Discard selected' : `Discard ${all}`}
          </Button>
        )}
        {replayable(place) && (
          <Button
            size="xs"
            leftSection={<IconRefresh size={15} aria-hidden />}
            disabled={tooMany}
            onClick={() =>
              some
                ? void acts.replay(selected)
                : acts.replayAll(
                    selected,
                    n,
                    'All that the filters let through are taken, also those not loaded yet.',
                  )
            }
          >
            {some ? 'Replay selected' : `Replay ${all}`}
          </Button>
        )}
      </Group>
    </Group>
  )
}
