import { useQueryClient } from '@tanstack/react-query'
import { done, failed } from '@/act/notify'
import { api, type Schemas } from '@/api/client'
import { asProblem } from '@/api/problem'
import { type Pages, withChanged } from '../cachedPages'
import type { Alert } from '../matches'
import { queueKey } from '../useQueue'

const paths = {
  acknowledge: '/api/v1/alerts/{id}/acknowledge',
  resolve: '/api/v1/alerts/{id}/resolve',
  reopen: '/api/v1/alerts/{id}/reopen',
  assign: '/api/v1/alerts/{id}/assign',
  note: '/api/v1/alerts/{id}/note',
  severity: '/api/v1/alerts/{id}/severity',
} as const

/** Verb is a change of one alert. */
type Verb = keyof typeof paths

/** AlertActs are the changes of one alert. Each resolves to whether it was made. */
export interface AlertActs {
  acknowledge(): Promise<boolean>
  /** take acknowledges the alert, and assigns it. */
  take(assignee: string): Promise<boolean>
  resolve(text?: string): Promise<boolean>
  reopen(): Promise<boolean>
  assign(assignee: string): Promise<boolean>
  note(text: string): Promise<boolean>
  rate(severity: Alert['severity'], text?: string): Promise<boolean>
}

/** mostTries is how often a change is sent while events go on repeating the alert. */
const mostTries = 5

/** decided says whether what people decide of two versions is the same: events that only repeat an alert raise its version, too. */
const decided = (a: Alert, b: Alert): boolean =>
  a.status === b.status && a.severity === b.severity && (a.assignee ?? '') === (b.assignee ?? '')

/**
 * useAlertActs changes the alert as it is shown: if somebody else has changed it meanwhile, nothing is done, and the newer
 * state is shown.
 */
export function useAlertActs(alert: Alert): AlertActs {
  const queries = useQueryClient()
  const id = alert.id
  const queryKey = ['get', '/api/v1/alerts/{id}', { params: { path: { id } } }]

  const send = async (
    verb: Verb,
    body: Schemas['AlertChange'],
    version: number,
  ): Promise<Alert | undefined> => {
    const params = { path: { id }, header: { 'If-Match': `"${version}"` } }
    return (await api.POST(paths[verb], { params, body })).data
  }
  const refresh = async (): Promise<Alert | undefined> => {
    const { data } = await api.GET('/api/v1/alerts/{id}', { params: { path: { id } } })
    if (data) queries.setQueryData(queryKey, data)
    return data
  }
  const change = async (
    verb: Verb,
    body: Schemas['AlertChange'],
    what: string,
    seen = alert,
  ): Promise<Alert | undefined> => {
    let { version } = seen
    for (let tries = 1; ; tries++) {
      try {
        return await send(verb, body, version)
      } catch (thrown) {
        if (asProblem(thrown).status !== 412) throw thrown
        const now = await refresh()
        if (!now || !decided(now, seen) || tries === mostTries) break
        version = now.version
      }
    }
    failed(what, new Error('Somebody else changed this alert a moment ago; look at what it is now.'))
    return undefined
  }
  const tell = async (
    make: () => Promise<Alert | undefined>,
    what: string,
    past: string,
    undo?: () => Promise<unknown>,
  ): Promise<boolean> => {
    try {
      const now = await make()
      if (!now) return false
      queries.setQueriesData<Pages>(
        { queryKey: queueKey },
        (old) => old && withChanged(old, new Map([[id, now]])),
      )
      void queries.invalidateQueries({ queryKey })
      void queries.invalidateQueries({ queryKey: ['get', '/api/v1/alerts/{id}/history'] })
      void queries.invalidateQueries({ queryKey: ['get', '/api/v1/alerts', 'facets'] })
      done(past, undo)
      return true
    } catch (thrown) {
      failed(what, thrown)
      return false
    }
  }
  const run = (
    verb: Verb,
    body: Schemas['AlertChange'],
    what: string,
    past: string,
    undo?: () => Promise<unknown>,
  ): Promise<boolean> => tell(() => change(verb, body, what), what, past, undo)
  const take = async (assignee: string): Promise<Alert | undefined> => {
    const taken = await change('acknowledge', {}, 'Taking it')
    return taken && change('assign', { assignee }, 'Taking it', taken)
  }
  /** leave is the undo of take: it was open, and nobody had it. */
  const leave = async () => {
    await api.POST(paths.assign, { params: { path: { id } }, body: { assignee: '' } })
    await backTo('open')()
  }
  /** backTo sets the status that the alert had; whatever it has become meanwhile. */
  const backTo = (status: Alert['status']) => async () => {
    await api.POST(paths.reopen, { params: { path: { id } } })
    if (status === 'acknowledged') await api.POST(paths.acknowledge, { params: { path: { id } } })
    void queries.invalidateQueries({ queryKey })
  }
  return {
    acknowledge: () =>
      run(
        'acknowledge',
        {},
        'Acknowledging',
        'Acknowledged.',
        alert.status === 'open' ? backTo('open') : undefined,
      ),
    take: (assignee) =>
      tell(() => take(assignee), 'Taking it', `Acknowledged, and assigned to ${assignee}.`, leave),
    resolve: (text) => run('resolve', text ? { text } : {}, 'Resolving', 'Resolved.', backTo(alert.status)),
    reopen: () => run('reopen', {}, 'Reopening', 'Reopened.'),
    assign: (assignee) =>
      run('assign', { assignee }, 'Assigning', assignee ? `Assigned to ${assignee}.` : 'Unassigned.'),
    note: (text) => run('note', { text }, 'Writing the note', 'The note is in its history.'),
    rate: (severity, text) =>
      run(
        'severity',
        { severity, ...(text ? { text } : {}) },
        'Setting the severity',
        `Severity set to ${severity}.`,
      ),
  }
}
