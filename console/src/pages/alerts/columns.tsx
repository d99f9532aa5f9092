import { TechniqueChips } from '@/attack/TechniqueChip'
import { Country } from '@/country/Country'
import { EntityChips } from '@/entity/EntityChip'
import type { Column } from '@/table/columns'
import { Ago } from '@/text/Ago'
import { full } from '@/text/number'
import { Severity } from '@/text/Severity'
import { State } from '@/text/State'
import { visible } from '@/text/visible'
import classes from './alerts.module.css'
import type { Alert } from './matches'
import { Risk } from './Risk'

/** longestTitle is how many characters of a title a line shows; the drawer shows more. */
const longestTitle = 300

/** Line text is plain: it is drawn while somebody scrolls. */
function Plain({ text }: { text: string | undefined }) {
  if (!text) return <span className={classes.none}>–</span>
  const shown = visible(text.slice(0, longestTitle))
  return <bdi title={shown}>{shown}</bdi>
}

function Title({ alert }: { alert: Alert }) {
  return (
    <span className={classes.title}>
      <Plain text={alert.title} />
      {alert.incident && (
        <span className={classes.incident}>
          <State value={alert.incident} label={alert.incident} tone="busy" />
        </span>
      )}
    </span>
  )
}

/** Under is what stands below the title: whom it is about, the technique, the project. */
function Under({ alert }: { alert: Alert }) {
  return (
    <div className={classes.under}>
      {alert.country && <Country code={alert.country} />}
      {alert.entities && <EntityChips entities={alert.entities} most={1} />}
      <TechniqueChips ids={alert.mitre} most={1} compact />
      {alert.project && <Plain text={alert.project} />}
    </div>
  )
}

function Who({ alert }: { alert: Alert }) {
  return (
    <span className={classes.who}>
      <Country code={alert.country} />
      <EntityChips entities={alert.entities} most={1} />
    </span>
  )
}

/** alertColumns are the columns of the queue. */
export const alertColumns: Column<Alert>[] = [
  { id: 'severity', header: 'Severity', width: '98px', cell: (a) => <Severity value={a.severity} /> },
  { id: 'risk', header: 'Risk', width: '84px', cell: (a) => <Risk score={a.risk_score} /> },
  {
    id: 'alert',
    header: 'Alert',
    width: 'minmax(300px, 1fr)',
    cell: (a) => (
      <div className={classes.lines}>
        <Title alert={a} />
        <Under alert={a} />
      </div>
    ),
  },
  { id: 'count', header: 'Events', width: '64px', align: 'right', cell: (a) => full(a.count) },
  { id: 'seen', header: 'Last seen', width: '88px', cell: (a) => <Ago time={a.last_seen} /> },
  { id: 'status', header: 'Status', width: '116px', cell: (a) => <State value={a.status} /> },
  { id: 'assignee', header: 'Assignee', width: '106px', cell: (a) => <Plain text={a.assignee} /> },
]

/** alertHeight is the height of a line of the queue, in pixels: it has two rows of text. */
export const alertHeight = 56

/** alertCard is a line of the queue on a small screen. */
export const alertCard = (alert: Alert) => (
  <div className={classes.card}>
    <div className={classes.title}>
      <Severity value={alert.severity} compact />
      <Plain text={alert.title} />
    </div>
    <div className={classes.cardLine}>
      <State value={alert.status} />
      <Ago time={alert.last_seen} inherit />
      {alert.count > 1 && <span>{full(alert.count)} events</span>}
      {alert.risk_score !== undefined && <Risk score={alert.risk_score} />}
      {alert.incident && <span>{alert.incident}</span>}
    </div>
    <div className={classes.cardLine}>
      <Who alert={alert} />
      <TechniqueChips ids={alert.mitre} most={2} compact />
    </div>
  </div>
)

export const alertID = (alert: Alert): string => alert.id
export const alertName = (alert: Alert): string =>
  visible(alert.title.slice(0, longestTitle)) || alert.dedup_key
