import { useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import { done, failed } from '@/act/notify'
import { count } from '@/text/number'
import { type Act, changeByFilter, changeByID, type Outcome, type Progress } from './bulk'
import { type Pages, withPart } from './cachedPages'
import type { Alert } from './matches'
import type { Filter } from './search'
import { queueKey } from './useQueue'

/** Target is which alerts are changed: those that are shown and chosen, or all that a filter lets through. */
export type Target = { alerts: readonly Alert[] } | { filter: Filter }

const verbs: Record<Act['action'], { past: string; doing: string }> = {
  acknowledge: { past: 'acknowledged', doing: 'Acknowledging' },
  resolve: { past: 'resolved', doing: 'Resolving' },
  reopen: { past: 'reopened', doing: 'Reopening' },
  assign: { past: 'assigned', doing: 'Assigning' },
  note: { past: 'noted', doing: 'Writing the note' },
  severity: { past: 'changed', doing: 'Changing the severity' },
}

/** useActs changes alerts, tells what became of it, and offers to take it back where that is possible. */
export function useActs() {
  const queries = useQueryClient()
  /** show changes what is shown at once; the live message brings the whole of it. */
  const show = useCallback(
    (ids: readonly string[], { action, assignee, severity }: Act) => {
      const part = partOf(action, assignee, severity)
      const set = new Set(ids)
      if (part)
        queries.setQueriesData<Pages>({ queryKey: queueKey }, (old) => old && withPart(old, set, part))
      void queries.invalidateQueries({ queryKey: ['get', '/api/v1/alerts', 'facets'] })
      void queries.invalidateQueries({ queryKey: ['get', '/api/v1/alerts/{id}'] })
    },
    [queries],
  )
  return useCallback(
    async (
      target: Target,
      act: Act,
      progress?: Progress,
      signal?: AbortSignal,
    ): Promise<Outcome | undefined> => {
      try {
        const outcome =
          'alerts' in target
            ? await changeByID(
                target.alerts.map(({ id }) => id),
                act,
                progress,
                signal,
              )
            : await changeByFilter(target.filter, act, progress, signal)
        show(outcome.changed, act)
        tell(outcome, act, undoOf(target, act, outcome, show))
        return outcome
      } catch (thrown) {
        failed(verbs[act.action].doing, thrown)
        return undefined
      }
    },
    [show],
  )
}

function partOf(
  action: Act['action'],
  assignee?: string,
  severity?: Alert['severity'],
): Partial<Alert> | undefined {
  if (action === 'acknowledge') return { status: 'acknowledged' }
  if (action === 'resolve') return { status: 'resolved' }
  if (action === 'reopen') return { status: 'open' }
  if (action === 'assign') return { assignee: assignee ?? '' }
  if (action === 'severity' && severity) return { severity }
  return undefined
}

function tell(
  { changed, errors, more }: Outcome,
  { action, assignee }: Act,
  undo?: () => Promise<unknown>,
): void {
  const { doing } = verbs[action]
  const past = action === 'assign' && !assignee ? 'unassigned' : verbs[action].past
  const whom = action === 'assign' && assignee ? ` to ${assignee}` : ''
  const rest = more ? ' There are others that were not reached.' : ''
  if (changed.length > 0) done(`${count(changed.length, 'alert')} ${past}${whom}.${rest}`, undo)
  else if (errors.size === 0) done(`Nothing to do: already ${past}.`)
  if (errors.size > 0) {
    const why = [...errors].map(([error, times]) => `${count(times, 'alert')}: ${error}`).join('; ')
    failed(doing, new Error(why))
  }
}

/** undoOf takes a change back: by the status, or the assignee, that each alert had; reopened if that is not known. */
function undoOf(
  target: Target,
  act: Act,
  outcome: Outcome,
  show: (ids: readonly string[], act: Act) => void,
) {
  const { action } = act
  if (outcome.changed.length === 0 || action === 'note') return undefined
  const before = new Map('alerts' in target ? target.alerts.map((alert) => [alert.id, alert]) : [])
  const back = async (ids: string[], then: Act) => {
    if (ids.length === 0) return
    await changeByID(ids, then)
    show(ids, then)
  }
  if (action === 'acknowledge' || action === 'resolve') {
    const acknowledged = outcome.changed.filter((id) => before.get(id)?.status === 'acknowledged')
    return async () => {
      await back(outcome.changed, { action: 'reopen' })
      await back(acknowledged, { action: 'acknowledge' })
    }
  }
  // Without what was there before, the others cannot be taken back.
  if (outcome.changed.some((id) => !before.has(id))) return undefined
  const groups = new Map<string, string[]>()
  for (const id of outcome.changed) {
    const value = formerly(action, before.get(id))
    groups.set(value, [...(groups.get(value) ?? []), id])
  }
  return async () => {
    for (const [value, ids] of groups) {
      if (action === 'assign') await back(ids, { action, assignee: value })
      else if (action === 'severity') await back(ids, { action, severity: value as Alert['severity'] })
      else await back(ids, { action: value === 'resolved' ? 'resolve' : 'acknowledge' })
    }
  }
}

function formerly(action: Act['action'], alert: Alert | undefined): string {
  if (action === 'assign') return alert?.assignee ?? ''
  if (action === 'severity') return alert?.severity ?? ''
  return alert?.status ?? ''
}
