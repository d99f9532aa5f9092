import type { Schemas } from '@/api/client'
import { EntityChips } from '@/entity/EntityChip'
import type { Column } from '@/table/columns'
import { Ago } from '@/text/Ago'
import { count, full } from '@/text/number'
import { Severity } from '@/text/Severity'
import { State } from '@/text/State'
import { visible } from '@/text/visible'
import classes from './incidents.module.css'

export type Incident = Schemas['Incident']

/** longestTitle is how many characters of a title a line shows. */
const longestTitle = 300

const tones = { new: 'warn', active: 'busy', closed: 'calm' } as const

/** IncidentState shows where an incident stands. */
export const IncidentState = ({ status }: { status: Incident['status'] }) => (
  <State value={status} tone={tones[status]} />
)

const Plain = ({ text }: { text: string }) => {
  const shown = visible(text.slice(0, longestTitle))
  return shown ? (
    <bdi title={shown}>{shown}</bdi>
  ) : (
    <span style={{ color: 'var(--mantine-color-dimmed)' }}>–</span>
  )
}

/** incidentColumns are the columns of the list of incidents. */
export const incidentColumns: Column<Incident>[] = [
  { id: 'id', header: 'Number', width: '92px', cell: (i) => <b className="numbers">{i.id}</b> },
  { id: 'severity', header: 'Severity', width: '100px', cell: (i) => <Severity value={i.severity} /> },
  {
    id: 'title',
    header: 'Incident',
    width: 'minmax(240px, 2fr)',
    cell: (i) => (
      <div className={classes.title}>
        <Plain text={i.title} />
      </div>
    ),
  },
  {
    id: 'about',
    header: 'Entities',
    width: 'minmax(230px, 1.2fr)',
    cell: (i) => <EntityChips entities={i.entities} most={2} />,
  },
  { id: 'status', header: 'Status', width: '90px', cell: (i) => <IncidentState status={i.status} /> },
  { id: 'owner', header: 'Owner', width: '120px', cell: (i) => <Plain text={i.owner} /> },
  { id: 'alerts', header: 'Alerts', width: '70px', align: 'right', cell: (i) => full(i.alerts_count) },
  { id: 'updated', header: 'Updated', width: '96px', cell: (i) => <Ago time={i.updated_at} /> },
]

/** incidentCard is a line of the list on a small screen. */
export const incidentCard = (incident: Incident) => (
  <div className={classes.card}>
    <div className={classes.title}>
      <Plain text={incident.title} />
    </div>
    <div className={classes.cardLine}>
      <b className="numbers">{incident.id}</b>
      <Severity value={incident.severity} />
      <IncidentState status={incident.status} />
    </div>
    <div className={classes.cardLine}>
      <span>{count(incident.alerts_count, 'alert')}</span>
      <Ago time={incident.updated_at} inherit />
      <span>{visible(incident.owner).slice(0, 60) || 'unassigned'}</span>
    </div>
  </div>
)

export const incidentID = (incident: Incident): string => incident.id
export const incidentName = (incident: Incident): string =>
  `${incident.id} ${visible(incident.title.slice(0, longestTitle))}`
