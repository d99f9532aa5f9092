import { Anchor, Select, Text } from '@mantine/core'
import { queryOptions, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { api, type Schemas } from '@/api/client'
import { useCan } from '@/session/me'
import { EventText } from '@/text/EventText'

type Integration = Schemas['Integration']

// How many integrations are read for their names: so many pages of so many.
const page = 500
const mostPages = 10

const integrationsQuery = queryOptions({
  queryKey: ['get', '/api/v1/integrations', 'names'],
  staleTime: 60_000,
  queryFn: async ({ signal }) => {
    const all: Integration[] = []
    let cursor: string | undefined
    for (let i = 0; i < mostPages; i++) {
      const { data } = await api.GET('/api/v1/integrations', {
        params: { query: { limit: page, cursor } },
        signal,
      })
      all.push(...(data?.items ?? []))
      cursor = data?.next || undefined
      if (!cursor) break
    }
    return all
  },
})

/** useIntegrations are the account's integrations, by id; none while they are on their way or may not be read. */
export function useIntegrations(): ReadonlyMap<string, Integration> {
  const allowed = useCan('integrations:read')
  const { data } = useQuery({ ...integrationsQuery, enabled: allowed })
  return useMemo(() => new Map((data ?? []).map((each) => [each.id, each])), [data])
}

/** IntegrationName names an integration, and leads to its page with link. One that is gone is named by its id. */
export function IntegrationName({ id, link }: { id: string; link?: boolean }) {
  const name = useIntegrations().get(id)?.name
  const text = name ? (
    <EventText inherit>{name}</EventText>
  ) : (
    <Text span inherit className="mono" title={id}>
      {shortID(id)}
    </Text>
  )
  if (!link) return text
  return (
    <Anchor component={Link} to={`/integrations/${id}`} inherit title={name ?? id}>
      {text}
    </Anchor>
  )
}

/** shortID is the end of an id, which tells it apart from others of its time. */
export const shortID = (id: string): string => (id.length > 14 ? `${id.slice(0, 4)}…${id.slice(-6)}` : id)

/** IntegrationFilter chooses an integration, or all. */
export function IntegrationFilter({
  value,
  onChange,
}: {
  value: string | undefined
  onChange: (id: string | undefined) => void
}) {
  const known = useIntegrations()
  const data = [...known.values()]
    .map((each) => ({ value: each.id, label: each.name }))
    .sort((a, b) => a.label.localeCompare(b.label))
  if (value && !known.has(value)) data.push({ value, label: shortID(value) })
  return (
    <Select
      aria-label="Integration"
      placeholder="All integrations"
      data={data}
      value={value ?? null}
      onChange={(id) => onChange(id ?? undefined)}
      searchable
      clearable
      nothingFoundMessage="No such integration"
      limit={100}
    />
  )
}
