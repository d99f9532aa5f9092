import { TechniqueChip, TechniqueChips } from '@/attack/TechniqueChip'
import { Country } from '@/country/Country'
import { EntityChips } from '@/entity/EntityChip'
import { initials } from '@/people/initials'
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

/** Under is what stands below the title: the project, whom it is about, the first technique. */
function Under({ alert }: { alert: Alert }) {
  const [technique] = alert.mitre ?? []
  return (
    <div className={classes.under}>
      {alert.project && <Plain text={alert.project} />}
      {alert.country && <Country code={alert.country} />}
      {alert.entities && <EntityChips entities={alert.entities} most={1} />}
      {technique && <TechniqueChip id={technique} compact />}
    </div>
  )
}

/** Initials stand for who has an alert: there is no room for the whole address. */
function Initials({ of }: { of: string | undefined }) {
  if (!of) return <span className={classes.none}>–</span>
  return (
    <span className={classes.initials} role="img" aria-label={visible(of)} title={visible(of)}>
      {initials(of)}
    </span>
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
    width: 'minmax(260px, 1fr)',
    cell: (a) => (
      <div className={classes.lines}>
        <Title alert={a} />
        <Under alert={a} />
      </div>
    ),
  },
  { id: 'count', header: 'Events', width: '60px', align: 'right', cell: (a) => full(a.count) },
  { id: 'seen', header: 'Last seen', width: '88px', cell: (a) => <Ago time={a.last_seen} /> },
  { id: 'status', header: 'Status', width: '112px', cell: (a) => <State value={a.status} /> },
  { id: 'assignee', header: 'Assignee', width: '78px', cell: (a) => <Initials of={a.assignee} /> },
]

/** fewColumns are those of a window in which not all have room. */
export const fewColumns = alertColumns.filter(({ id }) => id !== 'count' && id !== 'assignee')

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
