import { useMemo } from 'react'
import { $api } from '@/api/client'
import { useCan } from '@/session/me'

/** SourceNames are those whose events a rule can be about. */
export interface SourceNames {
  /** options are for a Select, by what they are. */
  options: { group: string; items: { value: string; label: string }[] }[]
  /** nameOf is a source in words; one that is not known is shown as it is. */
  nameOf: (source: string) => string
}

/** useSourceNames reads the dialects and the account's sources. */
export function useSourceNames(): SourceNames {
  const may = useCan('sources:read')
  const dialects = $api.useQuery('get', '/api/v1/dialects')
  const sources = $api.useQuery(
    'get',
    '/api/v1/sources',
    { params: { query: { limit: 500 } } },
    { enabled: may },
  )
  return useMemo(() => {
    const general = [
      { value: '*', label: 'All events' },
      { value: 'events', label: 'The native API' },
    ]
    const own = (sources.data?.items ?? []).map((source) => ({ value: source.id, label: source.name }))
    const known = (dialects.data?.items ?? []).map((dialect) => ({
      value: dialect.name,
      label: dialect.title,
    }))
    const names = new Map([...general, ...own, ...known].map((each) => [each.value, each.label]))
    return {
      options: [
        { group: 'In general', items: general },
        ...(own.length ? [{ group: 'Your sources', items: own }] : []),
        ...(known.length
          ? [{ group: 'Dialects', items: known.filter((each) => each.value !== 'events') }]
          : []),
      ],
      nameOf: (source) => names.get(source) ?? source,
    }
  }, [dialects.data, sources.data])
}
