import { keepPreviousData } from '@tanstack/react-query'
import { $api } from '@/api/client'
import { can, useMe } from '@/session/me'
import { visible } from '@/text/visible'

/** Found is something that a text was found in. */
export interface Found {
  /** href is its page, and tells it from all others. */
  href: string
  kind: 'block' | 'alert' | 'incident'
  /** label is its title as text that can be shown: it may be written by anybody. */
  label: string
  about: string
}

/** mostFound is how many of each kind are offered. */
const mostFound = 3

/** longestLabel is how many characters of a title are shown. */
const longestLabel = 160

/** leastText is how many characters are searched for at least: nearly everything has a single one. */
const leastText = 2

// As long as what was found for a text stands for it, in milliseconds: whoever takes a letter back waits for nothing.
const kept = 10_000

/** useFound reads the blocks, alerts and incidents with a text, a few of each; none for no text. */
export function useFound(text: string): Found[] {
  const { scopes } = useMe()
  const query = { q: text, limit: mostFound }
  const when = (scope: string) => ({
    enabled: text.length >= leastText && can(scopes, scope),
    staleTime: kept,
    gcTime: kept,
    placeholderData: keepPreviousData,
    retry: false,
  })
  const blocks = $api.useQuery('get', '/api/v1/blocks', { params: { query } }, when('blocks:read'))
  const alerts = $api.useQuery('get', '/api/v1/alerts', { params: { query } }, when('alerts:read'))
  const incidents = $api.useQuery('get', '/api/v1/incidents', { params: { query } }, when('incidents:read'))
  if (text.length < leastText) return []
  return [
    ...(blocks.data?.items ?? []).map(({ id, target, state, reason }) =>
      found('block', `/blocks/${id}`, target, `Block, ${state.replaceAll('_', ' ')}: ${reason}`),
    ),
    ...(alerts.data?.items ?? []).map(({ id, title, dedup_key, severity, status }) =>
      found('alert', `/alerts/${id}`, title || dedup_key, `Alert, ${severity}, ${status}`),
    ),
    ...(incidents.data?.items ?? []).map(({ id, title, severity, status }) =>
      found('incident', `/incidents/${id}`, title, `Incident ${id}, ${severity}, ${status}`),
    ),
  ]
}

function found(kind: Found['kind'], href: string, label: string, about: string): Found {
  return { kind, href, label: shown(label), about: shown(about) }
}

const shown = (text: string): string =>
  visible(text.length > longestLabel ? `${text.slice(0, longestLabel)}…` : text)
