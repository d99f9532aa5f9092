import type { ReactNode } from 'react'
import type { Schemas } from '@/api/client'
import { PageLink } from '@/link/PageLink'
import { When } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { type FactLine, Facts } from '@/text/Facts'
import { OutLink } from '@/text/OutLink'
import { sourceOf } from './source'

/** EventFacts are the fields of an event that are set, in words. */
export function EventFacts({ event }: { event: Schemas['Event'] }) {
  return <Facts facts={factsOf(event)} />
}

function factsOf(event: Schemas['Event']): FactLine[] {
  const text = (value: string | undefined) => value && <EventText>{value}</EventText>
  const list = (values: string[] | undefined) => values && values.length > 0 && text(values.join(', '))
  return [
    ['Occurred', <When key="time" time={event.time} />],
    ['Source', text([sourceOf(event), event.source?.instance].filter(Boolean).join(' · '))],
    ['Sender’s id', text(event.source?.id)],
    ['Project', text(event.project)],
    ['Alert type', text(event.alert_type)],
    ['Status', text(event.status)],
    ['Rule', text([event.rule?.id, event.rule?.name].filter(Boolean).join(' · '))],
    ['Risk score', event.risk_score?.toString()],
    ['Actor', text(event.actor)],
    ['Endpoint', text(event.endpoint)],
    ['Techniques', techniques(event.mitre)],
    ['Tags', list(event.tags)],
    ['Labels', list(Object.entries(event.labels ?? {}).map(([name, value]) => `${name}: ${value}`))],
    ['TLP', text(event.tlp)],
    ['Incident', incident(event.incident)],
    ['Deduplication key', text(event.dedup_key)],
    ['Ordering key', text(event.ordering_key)],
    ['Link', event.url && <OutLink href={event.url} />],
  ]
}

function techniques(ids: string[] | undefined): ReactNode {
  return ids?.map((id, i) => (
    <span key={id}>
      {i > 0 && ', '}
      <PageLink underline="hover" to="/alerts" search={{ mitre: id }} size="sm">
        <EventText>{id}</EventText>
      </PageLink>
    </span>
  ))
}

function incident(number: string | undefined): ReactNode {
  if (!number) return undefined
  if (!/^INC-\d+$/.test(number)) return <EventText>{number}</EventText>
  return (
    <PageLink underline="hover" to={`/incidents/${number}`} size="sm">
      {number}
    </PageLink>
  )
}
