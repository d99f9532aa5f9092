/** HistoryLine is a line of the history of an alert, or of the timeline of an incident. */
export interface HistoryLine {
  id?: string
  at: string
  verb: string
  by?: string
  via?: string
  note?: string
  event?: string
  /** changed has before and after. */
  changed?: Record<string, string[]>
  /** about is what else it is about, with its page in the console. */
  about?: { text: string; path: string }
}

const words: Record<string, string> = {
  create: 'Created',
  update: 'Updated',
  repeat: 'Seen again',
  acknowledge: 'Acknowledged',
  resolve: 'Resolved',
  reopen: 'Reopened',
  assign: 'Assigned',
  note: 'Note',
  rate: 'Severity set',
  link: 'Incident',
  attach: 'File attached',
  detach: 'File deleted',
  ask: 'Block requested',
  block: 'Blocked',
  removed: 'Unblocked',
  expired: 'Block expired',
  rejected: 'Block rejected',
  lapsed: 'Block not approved in time',
  put: 'Added to incident',
}

/** verbLabel is what was done, in words. */
export const verbLabel = (verb: string): string => words[verb] ?? verb

/** Change is one field of a line: what it was before and after. */
export interface Change {
  field: string
  before: string
  after: string
}

/** changesOf are the fields that a line changed. A creation has no before, so that it is not told. */
export function changesOf({ verb, changed }: HistoryLine): Change[] {
  if (!changed || verb === 'create') return []
  return Object.entries(changed)
    .map(([field, pair]) => ({ field, before: pair[0] ?? '', after: pair[1] ?? '' }))
    .filter(({ field }) => field !== 'alerts')
}

/** movedAlerts are the alerts that left and that came, of a line of an incident. */
export function movedAlerts({ changed }: HistoryLine): { left: string[]; came: string[] } {
  const [left = '', came = ''] = changed?.alerts ?? []
  const ids = (text: string) => text.split(/\s+/).filter(Boolean)
  return { left: ids(left), came: ids(came) }
}

/** viaLabel says through what something was done; name is what an integration is called. */
export function viaLabel(via: string, name: string | undefined): string {
  if (name) return name
  if (via === 'api') return 'the API'
  if (via === 'console') return 'the console'
  if (via === 'rule') return 'a rule'
  return via
}
