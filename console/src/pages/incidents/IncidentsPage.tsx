import { Button } from '@mantine/core'
import { IconFlame, IconPlus, IconSettingsAutomation } from '@tabler/icons-react'
import { Link, useNavigate } from '@tanstack/react-router'
import { useCallback, useMemo, useState } from 'react'
import { api } from '@/api/client'
import { IncidentDialog } from '@/incident/IncidentDialog'
import { useLiveRefresh } from '@/live/LiveProvider'
import { Page } from '@/page/Page'
import { useCan } from '@/session/me'
import { Empty } from '@/state/Empty'
import { pageSize, usePages } from '@/table/pages'
import { VirtualTable } from '@/table/VirtualTable'
import { type Incident, incidentCard, incidentColumns, incidentID, incidentName } from './columns'
import { IncidentFilters } from './IncidentFilters'
import { incidentsRoute } from './route'
import { type IncidentSearch, isFiltered, queryOf } from './search'

/** IncidentsPage lists incidents: what is open first of all. */
export function IncidentsPage() {
  const search = incidentsRoute.useSearch()
  const navigate = useNavigate()
  const mayWrite = useCan('incidents:write')
  const [making, setMaking] = useState(false)
  const query = useMemo(() => queryOf(search), [search])
  const list = usePages<Incident, { items: Incident[]; next?: string }>(
    ['get', '/api/v1/incidents', query],
    async (cursor, signal) => {
      const params = { query: { ...query, limit: pageSize, ...(cursor ? { cursor } : {}) } }
      return (await api.GET('/api/v1/incidents', { params, signal })).data ?? { items: [] }
    },
  )
  useLiveRefresh(['incident'], ['get', '/api/v1/incidents'])
  const change = (part: Partial<IncidentSearch>) =>
    void navigate({ to: '/incidents', search: (old: IncidentSearch) => ({ ...old, ...part }) })
  const open = useCallback(
    (incident: Incident) => void navigate({ to: '/incidents/$number', params: { number: incident.id } }),
    [navigate],
  )
  return (
    <Page
      title="Incidents"
      fill
      actions={
        <>
          <Button
            component={Link}
            to="/incidents/rules"
            variant="default"
            leftSection={<IconSettingsAutomation size={16} aria-hidden />}
          >
            Rules
          </Button>
          {mayWrite && (
            <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setMaking(true)}>
              Create incident
            </Button>
          )}
        </>
      }
    >
      <IncidentFilters
        search={search}
        change={change}
        clear={() => void navigate({ to: '/incidents', search: {} })}
      />
      <VirtualTable
        label="Incidents"
        rows={list.rows}
        columns={incidentColumns}
        rowID={incidentID}
        rowName={incidentName}
        card={incidentCard}
        open={open}
        href={(incident) => `/incidents/${incident.id}`}
        loading={list.loading}
        error={list.error}
        retry={list.retry}
        hasMore={list.hasMore}
        loadingMore={list.loadingMore}
        loadMore={list.loadMore}
        empty={
          isFiltered(search) ? (
            <Empty icon={IconFlame} title="No incident matches" text="Remove a filter.">
              <Button variant="light" onClick={() => void navigate({ to: '/incidents', search: {} })}>
                Show what is open
              </Button>
            </Empty>
          ) : (
            <Empty
              icon={IconFlame}
              title="No incident is open"
              text="Create one from alerts that belong together, or write a rule that does it when several alerts share an address, a user or a host."
            >
              <Button component={Link} to="/incidents/rules" variant="light">
                Look at the rules
              </Button>
            </Empty>
          )
        }
      />
      {making && <IncidentDialog alerts={[]} follow onDone={() => setMaking(false)} />}
    </Page>
  )
}
