import { Button, Select } from '@mantine/core'
import { IconPlugConnected, IconPlus, IconSearch } from '@tabler/icons-react'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useMemo } from 'react'
import { Filters } from '@/filters/Filters'
import { anyFailing, words } from '@/integration/standing'
import { Page } from '@/page/Page'
import { useCan } from '@/session/me'
import { Empty } from '@/state/Empty'
import { VirtualTable } from '@/table/VirtualTable'
import { visible } from '@/text/visible'
import {
  useConnectors,
  useHubsOwnChanges,
  useIntegrations,
  useResponders,
  useSparks,
  useStats,
} from '../data/all'
import { Find } from '../Find'
import { PlaceTabs } from '../PlaceTabs'
import { columnsFor } from './columns'
import { IntegrationCard } from './IntegrationCard'
import { chosen, lineOf } from './line'

/** few is how many integrations do not need a table as high as the window. */
const few = 12

/** IntegrationsPage lists what the account's events go to, and what blocks, with how each is doing. */
export function IntegrationsPage() {
  const search = useSearch({ from: '/shell/integrations' })
  const navigate = useNavigate({ from: '/integrations' })
  const write = useCan('integrations:write')
  const all = useIntegrations()
  const connectors = useConnectors()
  const stats = useStats()
  const sparks = useSparks()
  const responders = useResponders()
  useHubsOwnChanges()

  const lines = useMemo(
    () =>
      (all.data ?? []).map((integration) =>
        lineOf(integration, {
          connector: connectors.data?.find((each) => each.kind === integration.kind),
          stats: stats.data?.get(integration.id),
          points: sparks.data?.get(integration.id),
          responder: responders.data?.get(integration.id),
        }),
      ),
    [all.data, connectors.data, stats.data, sparks.data, responders.data],
  )
  const columns = useMemo(() => columnsFor(lines), [lines])
  const rows = useMemo(() => chosen(lines, search), [lines, search])
  const set = (part: typeof search) => void navigate({ search: { ...search, ...part }, replace: true })
  const filtered = Boolean(search.q || search.state || search.kind)
  const kinds = [...new Map(lines.map((line) => [line.integration.kind, line.title])).entries()]
  return (
    <Page
      title="Integrations"
      about="Where events go, and what keeps addresses out."
      fill={rows.length > few}
      actions={
        write && (
          <Button
            component={Link}
            to="/integrations/catalogue"
            leftSection={<IconPlus size={16} aria-hidden />}
          >
            Add integration
          </Button>
        )
      }
    >
      <PlaceTabs value="configured" configured={all.data?.length} />
      <Filters
        active={[search.q, search.state, search.kind].filter(Boolean).length}
        clear={() => set({ q: undefined, state: undefined, kind: undefined })}
        search={<Find wide value={search.q ?? ''} onChange={(q) => set({ q: q || undefined })} />}
      >
        <Select
          aria-label="State"
          placeholder="Any state"
          data={[{ value: anyFailing, label: 'Any that fails' }, ...words]}
          value={search.state ?? null}
          onChange={(state) => set({ state: state ?? undefined })}
          clearable
          clearButtonProps={{ 'aria-label': 'Clear the state' }}
        />
        <Select
          aria-label="Kind"
          placeholder="Any kind"
          data={kinds.map(([value, label]) => ({ value, label }))}
          value={search.kind ?? null}
          onChange={(kind) => set({ kind: kind ?? undefined })}
          clearable
          clearButtonProps={{ 'aria-label': 'Clear the kind' }}
        />
      </Filters>
      <VirtualTable
        label="Integrations"
        natural={rows.length <= few}
        rows={rows}
        columns={columns}
        rowID={(line) => line.integration.id}
        rowName={(line) => visible(line.integration.name)}
        card={(line) => <IntegrationCard line={line} />}
        open={(line) =>
          void navigate({ to: '/integrations/$id/{-$tab}', params: { id: line.integration.id }, search: {} })
        }
        loading={all.isPending}
        error={all.error}
        retry={() => void all.refetch()}
        empty={
          filtered ? (
            <Empty icon={IconSearch} title="Nothing matches" text="Remove a filter.">
              <Button variant="light" onClick={() => void navigate({ search: {} })}>
                Show all
              </Button>
            </Empty>
          ) : (
            <Empty
              icon={IconPlugConnected}
              title="There is no integration yet"
              text="An integration brings events to a SIEM, a chat, a ticket system or an endpoint of yours, or keeps addresses out at the edge."
            >
              {write && (
                <Button component={Link} to="/integrations/catalogue">
                  Choose one from the catalogue
                </Button>
              )}
            </Empty>
          )
        }
      />
    </Page>
  )
}
