import { Group, Text } from '@mantine/core'
import { TechniqueChips } from '@/attack/TechniqueChip'
import { EntityChip } from '@/entity/EntityChip'
import { PageLink } from '@/link/PageLink'
import { Page } from '@/page/Page'
import { Panel } from '@/page/Panel'
import { useCan } from '@/session/me'
import { Failure } from '@/state/Failure'
import { Loading } from '@/state/Loading'
import { Ago, When } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { Fact, FactList } from '@/text/Facts'
import { Identifier } from '@/text/Identifier'
import { Severity } from '@/text/Severity'
import { visible } from '@/text/visible'
import { Tickets } from '@/tickets/Tickets'
import { Attachments } from './Attachments'
import { type Incident, IncidentState } from './columns'
import { IncidentActs } from './IncidentActs'
import { IncidentAlerts } from './IncidentAlerts'
import { IncidentDeliveries } from './IncidentDeliveries'
import { IncidentTimeline } from './IncidentTimeline'
import classes from './incidents.module.css'
import { incidentRoute } from './route'
import { useIncident } from './useIncident'

const back = { to: '/incidents', label: 'Incidents' }

/** IncidentPage is one incident: what is under it, what was done, and what is done next. */
export function IncidentPage() {
  const { number } = incidentRoute.useParams()
  const { query, change, quietly, again } = useIncident(number)
  const incident = query.data
  const mayWrite = useCan('incidents:write')
  if (!incident)
    return (
      <Page title={number} back={back}>
        {query.error ? (
          <Failure error={query.error} retry={() => void query.refetch()} />
        ) : (
          <Panel>
            <Loading lines={12} />
          </Panel>
        )}
      </Page>
    )
  return (
    <Page
      title={incident.id}
      name={incident.title || incident.id}
      back={back}
      about={<About incident={incident} />}
      actions={mayWrite ? <IncidentActs incident={incident} change={change} quietly={quietly} /> : undefined}
    >
      <div className={classes.columns}>
        <div className={classes.stack}>
          {incident.description && (
            <Panel title="Description">
              <Text size="sm" component="div" className={classes.description}>
                <EventText>{incident.description}</EventText>
              </Text>
            </Panel>
          )}
          <IncidentAlerts incident={incident} mayWrite={mayWrite} again={again} />
          <IncidentTimeline number={incident.id} mayWrite={mayWrite} again={again} />
        </div>
        <div className={classes.stack}>
          <Panel title="Details">
            <Details incident={incident} />
          </Panel>
          <Panel title="Tickets">
            <Tickets tickets={incident.tickets} />
          </Panel>
          <Attachments number={incident.id} mayWrite={mayWrite} />
          <IncidentDeliveries number={incident.id} />
        </div>
      </div>
    </Page>
  )
}

function About({ incident }: { incident: Incident }) {
  return (
    <Group gap="sm" mt={6}>
      <Text span size="sm" fw={650} c="bright" className="numbers">
        {incident.id}
      </Text>
      <Severity value={incident.severity} />
      <IncidentState status={incident.status} />
      <Text span size="sm">
        {incident.owner ? <EventText>{incident.owner}</EventText> : 'unassigned'}
      </Text>
      <Text span size="sm">
        updated <Ago time={incident.updated_at} inherit />
      </Text>
    </Group>
  )
}

const classifications: Record<string, string> = {
  true_positive: 'True positive',
  benign_positive: 'Benign positive',
  false_positive: 'False positive',
  undetermined: 'Undetermined',
}

function Details({ incident }: { incident: Incident }) {
  const rule = incident.rule
  return (
    <FactList>
      {incident.classification && (
        <Fact name="Classification">
          {classifications[incident.classification] ?? incident.classification}
        </Fact>
      )}
      {incident.reason && (
        <Fact name="Reason">
          <EventText>{incident.reason}</EventText>
        </Fact>
      )}
      {incident.project && (
        <Fact name="Project">
          <EventText>{incident.project}</EventText>
        </Fact>
      )}
      <Fact name="Created">
        <When time={incident.created_at} inherit />
      </Fact>
      {incident.closed_at && (
        <Fact name="Closed">
          <When time={incident.closed_at} inherit />
        </Fact>
      )}
      {rule && (
        <Fact name="Grouped by">
          <PageLink underline="hover" to="/incidents/rules">
            {incident.rule_key ? visible(incident.rule_key).slice(0, 120) : 'a rule'}
          </PageLink>
        </Fact>
      )}
      {incident.entities.length > 0 && (
        <Fact name="Entities">
          <Group gap={4}>
            {incident.entities.map((entity) => (
              <EntityChip key={`${entity.type} ${entity.value} ${entity.role ?? ''}`} entity={entity} />
            ))}
          </Group>
        </Fact>
      )}
      {incident.mitre.length > 0 && (
        <Fact name="Techniques">
          <TechniqueChips ids={incident.mitre} />
        </Fact>
      )}
      {incident.tags.length > 0 && (
        <Fact name="Tags">
          <EventText>{incident.tags.join(', ')}</EventText>
        </Fact>
      )}
      <Fact name="Link">
        <Identifier value={incident.url} what="the link" />
      </Fact>
    </FactList>
  )
}
