import { Box, Button, CloseButton, Group, MultiSelect, Select, TextInput } from '@mantine/core'
import { IconFlame, IconPlus, IconSearch, IconSettingsAutomation } from '@tabler/icons-react'
import { Link, useNavigate } from '@tanstack/react-router'
import { type FormEvent, useCallback, useEffect, useMemo, useState } from 'react'
import { api } from '@/api/client'
import { TimeRange } from '@/filters/TimeRange'
import { IncidentDialog } from '@/incident/IncidentDialog'
import { useLiveRefresh } from '@/live/LiveProvider'
import { Page } from '@/page/Page'
import { usePeople } from '@/people/usePeople'
import { useCan } from '@/session/me'
import { Empty } from '@/state/Empty'
import { pageSize, usePages } from '@/table/pages'
import { VirtualTable } from '@/table/VirtualTable'
import { severities } from '@/text/Severity'
import { type Incident, incidentCard, incidentColumns, incidentID, incidentName } from './columns'
import { incidentsRoute } from './route'
import { type IncidentSearch, isFiltered, openStatuses, queryOf, rangeOf, withRange } from './search'

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
      <Filters search={search} change={change} />
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

const statuses = [
  { value: openStatuses, label: 'Open (new, active)' },
  { value: 'new', label: 'New' },
  { value: 'active', label: 'Active' },
  { value: 'closed', label: 'Closed' },
  { value: 'all', label: 'All' },
]

interface FilterProps {
  search: IncidentSearch
  change: (part: Partial<IncidentSearch>) => void
}

function Filters({ search, change }: FilterProps) {
  const people = usePeople(search.owner ? [search.owner] : [])
  const severity = (search.severity ?? '').split(',').filter(Boolean)
  return (
    <Group gap="xs" component="search">
      <Words
        label="Search in titles"
        value={search.q}
        change={(q) => change({ q })}
        icon={<IconSearch size={16} aria-hidden />}
        grow
      />
      <Select
        aria-label="Status"
        w={{ base: 'auto', sm: 178 }}
        flex={{ base: '1 1 140px', sm: '0 0 auto' }}
        data={statuses}
        value={search.status ?? openStatuses}
        onChange={(value) => change({ status: value === openStatuses ? undefined : (value ?? undefined) })}
        allowDeselect={false}
      />
      <MultiSelect
        aria-label="Severity"
        w={{ base: 'auto', sm: 190 }}
        flex={{ base: '1 1 140px', sm: '0 0 auto' }}
        placeholder={severity.length === 0 ? 'Any severity' : undefined}
        data={[...severities]}
        value={severity}
        onChange={(values) => change({ severity: values.join(',') || undefined })}
        clearable
      />
      {people.length > 0 ? (
        <Select
          aria-label="Owner"
          w={{ base: 'auto', sm: 180 }}
          flex={{ base: '1 1 140px', sm: '0 0 auto' }}
          placeholder="Any owner"
          data={people}
          value={search.owner ?? null}
          onChange={(owner) => change({ owner: owner ?? undefined })}
          clearable
          searchable
        />
      ) : (
        <Words label="Owner" value={search.owner} change={(owner) => change({ owner })} />
      )}
      <Words label="Project" value={search.project} change={(project) => change({ project })} />
      <Box miw={150} flex={{ base: '1 1 140px', sm: '0 0 auto' }}>
        <TimeRange moving value={rangeOf(search)} onChange={(range) => change(withRange(range))} />
      </Box>
    </Group>
  )
}

/** Words is a filter that is typed; it holds with Enter, and when it is left. */
function Words(p: {
  label: string
  value: string | undefined
  change: (value: string | undefined) => void
  icon?: React.ReactNode
  grow?: boolean
}) {
  const [text, setText] = useState(p.value ?? '')
  useEffect(() => setText(p.value ?? ''), [p.value])
  const done = (next: string) => {
    if (next.trim() !== (p.value ?? '')) p.change(next.trim() || undefined)
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    done(text)
  }
  return (
    <form onSubmit={submit} style={{ flex: p.grow ? '1 1 200px' : '0 1 140px', minWidth: 120 }}>
      <TextInput
        aria-label={p.label}
        placeholder={p.label}
        leftSection={p.icon}
        value={text}
        onChange={(e) => setText(e.currentTarget.value)}
        onBlur={() => done(text)}
        maxLength={200}
        rightSection={
          text ? (
            <CloseButton
              size="sm"
              aria-label={`Clear ${p.label.toLowerCase()}`}
              onClick={() => {
                setText('')
                done('')
              }}
            />
          ) : null
        }
      />
    </form>
  )
}
