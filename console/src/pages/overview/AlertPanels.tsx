import { Box, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { $api, api, type Schemas } from '@/api/client'
import { PageLink } from '@/link/PageLink'
import { useLiveRefresh } from '@/live/LiveProvider'
import { Panel } from '@/page/Panel'
import { Loaded } from '@/state/Loaded'
import { EventText } from '@/text/EventText'
import { count, full } from '@/text/number'
import { Severity, severities, severityColor } from '@/text/Severity'
import classes from './AlertPanels.module.css'

/** unresolved are the states of alerts that somebody has still to do with. */
const unresolved = ['open', 'acknowledged'] as const
/** mostShown is how many countries and techniques are shown. */
const mostShown = 8

/** useFacets counts the alerts that are not resolved, and again when alerts change. */
function useFacets() {
  useLiveRefresh(['alert'], ['get', '/api/v1/alerts'])
  return useQuery({
    queryKey: ['get', '/api/v1/alerts', 'overview'],
    queryFn: async ({ signal }) => {
      const query = { status: [...unresolved], facets: true, limit: 1 }
      const { data } = await api.GET('/api/v1/alerts', { params: { query }, signal })
      if (!data?.facets) throw new Error('The hub did not count its alerts.')
      return data.facets
    },
  })
}

/** AlertPanels show what the unresolved alerts are: how bad, from where, by which technique. */
export function AlertPanels() {
  const query = useFacets()
  return (
    <div className={classes.panels}>
      <Panel title="Unresolved alerts">
        <Box mih={190}>
          <Loaded query={query} lines={5}>
            {(facets) => <Severities facets={facets} />}
          </Loaded>
        </Box>
      </Panel>
      <Panel title="Sources by country">
        <Box mih={190}>
          <Loaded query={query} lines={5}>
            {(facets) => <Countries list={facets.country} />}
          </Loaded>
        </Box>
      </Panel>
      <Panel title="ATT&CK techniques">
        <Box mih={190}>
          <Loaded query={query} lines={5}>
            {(facets) => <Techniques list={facets.mitre} />}
          </Loaded>
        </Box>
      </Panel>
    </div>
  )
}

function Severities({ facets }: { facets: Schemas['AlertFacets'] }) {
  const counts = new Map(facets.severity.map(({ value, count }) => [value, count]))
  const most = Math.max(1, ...counts.values())
  if (facets.total === 0) return <None>No alert is open. New ones show up here by themselves.</None>
  return (
    <>
      <ul className={classes.bars}>
        {severities.map((severity) => {
          const n = counts.get(severity) ?? 0
          return (
            <li key={severity}>
              <PageLink
                to="/alerts"
                search={{ severity: severity }}
                underline="never"
                className={classes.bar}
              >
                <Severity value={severity} />
                <Meter part={n / most} color={severityColor(severity)} />
                <b className="numbers">{full(n)}</b>
              </PageLink>
            </li>
          )
        })}
      </ul>
      <Text size="xs" c="dimmed" mt="xs">
        {count(facets.total, 'alert')} open or acknowledged
      </Text>
    </>
  )
}

const countryNames = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' })

/** countryName is the name of a country's code (ISO 3166-1 alpha-2); what is no code stays as it is. */
export function countryName(code: string): string {
  return (/^[A-Z]{2}$/.test(code) && countryNames.of(code)) || code
}

function Countries({ list }: { list: Schemas['FacetCount'][] }) {
  const known = list.filter(({ value }) => value !== '').slice(0, mostShown)
  const most = Math.max(1, ...known.map(({ count }) => count))
  if (known.length === 0) return <None>No unresolved alert says where it came from.</None>
  return (
    <ul className={classes.bars} data-columns>
      {known.map(({ value, count }) => (
        <li key={value}>
          <PageLink to="/alerts" search={{ country: value }} underline="never" className={classes.bar}>
            <Text span size="sm" truncate>
              <EventText>{countryName(value)}</EventText>
            </Text>
            <Meter part={count / most} color="var(--tocsin-link)" />
            <b className="numbers">{full(count)}</b>
          </PageLink>
        </li>
      ))}
    </ul>
  )
}

function Techniques({ list }: { list: Schemas['FacetCount'][] }) {
  const { data } = $api.useQuery(
    'get',
    '/api/v1/attack/techniques',
    {},
    { staleTime: Number.POSITIVE_INFINITY },
  )
  const names = new Map(data?.items.map(({ id, name }) => [id, name]))
  const shown = list.filter(({ value }) => value !== '').slice(0, mostShown)
  if (shown.length === 0) return <None>No unresolved alert names a technique.</None>
  return (
    <ul className={classes.bars} data-names>
      {shown.map(({ value, count }) => (
        <li key={value}>
          <PageLink to="/alerts" search={{ mitre: value }} underline="never" className={classes.bar}>
            <span className={classes.named}>
              <span className={classes.technique}>
                <EventText>{value}</EventText>
              </span>{' '}
              <EventText>{names.get(value) ?? ''}</EventText>
            </span>
            <b className="numbers">{full(count)}</b>
          </PageLink>
        </li>
      ))}
    </ul>
  )
}

function Meter({ part, color }: { part: number; color: string }) {
  return (
    <span className={classes.meter} aria-hidden>
      <span style={{ width: `${Math.round(part * 100)}%`, background: color }} />
    </span>
  )
}

function None({ children }: { children: string }) {
  return (
    <Text size="sm" c="dimmed">
      {children}
    </Text>
  )
}
