import { ActionIcon, Badge, Group, Text, Tooltip } from '@mantine/core'
import { IconInfoCircle } from '@tabler/icons-react'
import { TechniqueChips } from '@/attack/TechniqueChip'
import { useTechniques } from '@/attack/techniques'
import { Country } from '@/country/Country'
import { EntityLines } from '@/entity/EntityLines'
import { When } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { Facts } from '@/text/Facts'
import { Identifier } from '@/text/Identifier'
import { OutLink } from '@/text/OutLink'
import { visible } from '@/text/visible'
import { Tickets } from '@/tickets/Tickets'
import type { Alert } from '../matches'
import classes from './drawer.module.css'
import { Section } from './Section'

/** Overview is all that is known of an alert, in an order in which one asks for it. */
export function Overview({ alert }: { alert: Alert }) {
  return (
    <>
      {alert.description && (
        <Section title="Description">
          <Text size="sm" component="div" className={classes.description}>
            <EventText>{alert.description}</EventText>
          </Text>
        </Section>
      )}
      <Section title="Entities">
        <EntityLines entities={alert.entities ?? []} alert={alert.id} />
      </Section>
      {alert.mitre && alert.mitre.length > 0 && (
        <Section title="ATT&CK techniques" about={<Attribution />}>
          <TechniqueChips ids={alert.mitre} />
        </Section>
      )}
      <Section title="Details">
        <Facts facts={details(alert)} />
      </Section>
      <Origin alert={alert} />
      <Labels alert={alert} />
      <Section title="Tickets">
        <Tickets tickets={alert.tickets} />
      </Section>
    </>
  )
}

const text = (value: string | undefined) => (value ? <EventText>{value}</EventText> : undefined)

function details(alert: Alert) {
  const rule = [alert.rule?.name, alert.rule?.id].filter(Boolean).join(' · ')
  return [
    ['Assignee', text(alert.assignee) ?? 'unassigned'],
    ['Project', text(alert.project)],
    ['Type', text(alert.alert_type?.replaceAll('_', ' '))],
    ['Source', text(alert.source)],
    ['Rule', text(rule)],
    ['Actor', text(alert.actor)],
    ['Endpoint', text(alert.endpoint)],
    ['First seen', <When key="first" time={alert.first_seen} inherit />],
    ['Last seen', <When key="last" time={alert.last_seen} inherit />],
    ['Status changed', <When key="status" time={alert.status_at} inherit />],
    ['Deduplication key', text(alert.dedup_key)],
    ['TLP', text(alert.tlp)],
    ['ID', <Identifier key="id" value={alert.id} what="the alert’s id" />],
    [
      'Link',
      alert.url ? (
        <OutLink key="link" href={alert.url}>
          {visible(alert.url).slice(0, 300)}
        </OutLink>
      ) : undefined,
    ],
  ] as const
}

/** Attribution is what MITRE wants to be said of it. */
function Attribution() {
  const { attribution } = useTechniques()
  if (!attribution) return null
  return (
    <Tooltip label={attribution} multiline maw={320} events={{ hover: true, focus: true, touch: true }}>
      <ActionIcon variant="transparent" color="gray" size="xs" aria-label="About ATT&CK">
        <IconInfoCircle size={14} aria-hidden />
      </ActionIcon>
    </Tooltip>
  )
}

/** Origin is where it came from, and what is known of the network there. */
function Origin({ alert: { geo, network, country } }: { alert: Alert }) {
  if (!geo && !network && !country) return null
  return (
    <Section title="Where it came from">
      <Facts
        facts={[
          ['Country', country ? <Country key="country" code={country} named /> : undefined],
          ...plain(geo).filter(([name]) => !name.startsWith('Country')),
          ...plain(network),
        ]}
      />
    </Section>
  )
}

/** mostFacts is how many values of an object are shown; all of them are in the raw events. */
const mostFacts = 30

/** label writes the name of a value as people do: "is_tor" is "Is tor". */
function label(name: string): string {
  const words = visible(name.replaceAll('_', ' ')).slice(0, 60)
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** plain are the values of an object of an event, as text. */
function plain(object: Record<string, unknown> | undefined): [string, React.ReactNode][] {
  return Object.entries(object ?? {})
    .slice(0, mostFacts)
    .map(([name, value]) => [
      label(name),
      <EventText key={name}>{typeof value === 'string' ? value : JSON.stringify(value)}</EventText>,
    ])
}

function Labels({ alert: { labels, tags } }: { alert: Alert }) {
  if (!tags?.length && Object.keys(labels ?? {}).length === 0) return null
  return (
    <Section title="Labels and tags">
      {tags && tags.length > 0 && (
        <Group gap={4} mb="xs">
          {tags.map((tag) => (
            <Badge key={tag} size="sm" radius="sm" variant="default" tt="none" fw={500} title={visible(tag)}>
              {visible(tag).slice(0, 80)}
            </Badge>
          ))}
        </Group>
      )}
      <Facts facts={plain(labels)} />
    </Section>
  )
}
