import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, type Schemas } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'
import type { Wish } from './BlockForm'

/** Because is what a block is asked for because of. */
interface Because {
  alert?: string
  event?: string
}

/** DryRun is the plan of a block, and what turns it into a block. */
export interface DryRun {
  plan: Schemas['BlockPlan'] | undefined
  problem: Problem | undefined
  busy: 'plan' | 'block' | undefined
  /** ask asks the hub, and the responders, what would change. */
  ask(): Promise<void>
  /** block makes the block; undefined if it was not made, and problem says why. */
  block(): Promise<Schemas['BlockAsked'] | undefined>
  /** forget throws the plan away: it was of another wish. */
  forget(): void
}

/** useDryRun plans the block that is wished, and makes it. */
export function useDryRun(because: Because, wish: Wish): DryRun {
  const queries = useQueryClient()
  const [plan, setPlan] = useState<Schemas['BlockPlan']>()
  const [problem, setProblem] = useState<Problem>()
  const [busy, setBusy] = useState<'plan' | 'block'>()
  const forget = () => {
    setPlan(undefined)
    setProblem(undefined)
  }
  const run = async <T>(what: 'plan' | 'block', act: () => Promise<T>): Promise<T | undefined> => {
    setBusy(what)
    setProblem(undefined)
    try {
      return await act()
    } catch (thrown) {
      setProblem(asProblem(thrown))
      return undefined
    } finally {
      setBusy(undefined)
    }
  }
  return {
    plan,
    problem,
    busy,
    forget,
    ask: async () => {
      const evidence = because.alert
        ? { alert: because.alert }
        : because.event
          ? { event: because.event }
          : undefined
      setPlan(
        await run(
          'plan',
          async () => (await api.POST('/api/v1/blocks/plan', { body: { ...bodyOf(wish), evidence } })).data,
        ),
      )
    },
    block: () =>
      run('block', async () => {
        const asked = await request(because, bodyOf(wish))
        void queries.invalidateQueries({ queryKey: ['get', '/api/v1/blocks'] })
        return asked
      }),
  }
}

/** bodyOf is the wish as the API wants it: what is empty is left out. */
function bodyOf({ target, ttl, reason, integrations }: Wish) {
  return {
    target: target.trim(),
    ...(ttl ? { ttl } : {}),
    ...(reason.trim() ? { reason: reason.trim() } : {}),
    ...(integrations.length > 0 ? { integrations } : {}),
  }
}

async function request({ alert, event }: Because, body: ReturnType<typeof bodyOf>) {
  if (alert) {
    const { data } = await api.POST('/api/v1/alerts/{id}/block', { params: { path: { id: alert } }, body })
    return data
  }
  if (event) {
    const { data } = await api.POST('/api/v1/events/{id}/block', { params: { path: { id: event } }, body })
    return data
  }
  return (await api.POST('/api/v1/blocks', { body })).data
}
