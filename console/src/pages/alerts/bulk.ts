import { api, type Schemas } from '@/api/client'
import type { Alert } from './matches'
import type { Filter } from './search'

/** Act is a change of alerts. */
export interface Act {
  action: Schemas['AlertsChange']['action']
  text?: string
  assignee?: string
  severity?: Alert['severity']
}

/** Outcome is what became of a change of many alerts. */
export interface Outcome {
  /** changed are the ids of those that changed. */
  changed: string[]
  /** errors say why it was not done, each with how often. */
  errors: Map<string, number>
  /** more: the filter lets others through that were not reached. */
  more: boolean
}

/** mostIDs is how many alerts one request may name. */
const mostIDs = 1_000

export type Progress = (done: number) => void

/** changeByID changes the alerts of these ids, so many at a time, until the signal is aborted. */
export async function changeByID(
  ids: readonly string[],
  act: Act,
  progress?: Progress,
  signal?: AbortSignal,
): Promise<Outcome> {
  const out: Outcome = { changed: [], errors: new Map(), more: false }
  for (let at = 0; at < ids.length; at += mostIDs) {
    if (signal?.aborted) return { ...out, more: true }
    const body = { ...act, ids: ids.slice(at, at + mostIDs) }
    const { data } = await api.POST('/api/v1/alerts/bulk', { body })
    add(out, data)
    progress?.(Math.min(ids.length, at + mostIDs))
  }
  return out
}

/** statusesBefore are the statuses from which an action changes anything: each turn of a long change takes others then. */
const statusesBefore: Partial<Record<Act['action'], string[]>> = {
  acknowledge: ['open'],
  resolve: ['open', 'acknowledged'],
  reopen: ['acknowledged', 'resolved'],
}

/**
 * changeByFilter changes all alerts that a filter lets through, so many at a time as the hub takes, until none is left or
 * the signal is aborted. What does not depend on the status reaches the newest only: more says so.
 */
export async function changeByFilter(
  filter: Filter,
  act: Act,
  progress?: Progress,
  signal?: AbortSignal,
): Promise<Outcome> {
  const out: Outcome = { changed: [], errors: new Map(), more: false }
  const narrowed = narrow(filter, act.action)
  if (!narrowed) return out
  for (;;) {
    if (signal?.aborted) return { ...out, more: true }
    const { data } = await api.POST('/api/v1/alerts/bulk', { body: { ...act, filter: narrowed } })
    add(out, data)
    progress?.(out.changed.length)
    out.more = data?.more ?? false
    if (!out.more || data?.changed === 0 || !statusesBefore[act.action]) return out
  }
}

/** narrow leaves those out that the action would not change; undefined if that leaves none. */
export function narrow(filter: Filter, action: Act['action']): Filter | undefined {
  const before = statusesBefore[action]
  if (!before) return filter
  const status = filter.status?.length
    ? before.filter((each) => filter.status?.includes(each as never))
    : before
  return status.length > 0 ? { ...filter, status: status as Filter['status'] } : undefined
}

function add(out: Outcome, results: Schemas['AlertResults'] | undefined): void {
  for (const { id, changed, error } of results?.results ?? []) {
    if (changed) out.changed.push(id)
    if (error) out.errors.set(error, (out.errors.get(error) ?? 0) + 1)
  }
}
