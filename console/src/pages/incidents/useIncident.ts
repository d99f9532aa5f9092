import { useQueryClient } from '@tanstack/react-query'
import { done, failed } from '@/act/notify'
import { $api, api, type Schemas } from '@/api/client'
import { asProblem } from '@/api/problem'
import { useLiveRefresh } from '@/live/LiveProvider'
import type { Incident } from './columns'
import { decided } from './decided'

export type IncidentPatch = Schemas['IncidentPatch']

const one = '/api/v1/incidents/{number}'

/** mostTries is how often a change is sent while the incident changes in ways that do not touch it. */
const mostTries = 5

/** useIncident reads an incident, keeps it as it is now, and changes it. */
export function useIncident(number: string) {
  const queries = useQueryClient()
  const params = { path: { number } }
  const key = ['get', one, { params }] as const
  const query = $api.useQuery('get', one, { params })
  useLiveRefresh(['incident'], key, ['get', `${one}/timeline`, number], ['get', `${one}/alerts`, number])

  /** again reads all of it again. */
  const again = async () => {
    await Promise.all([
      queries.invalidateQueries({ queryKey: key }),
      queries.invalidateQueries({ queryKey: ['get', `${one}/timeline`, number] }),
      queries.invalidateQueries({ queryKey: ['get', `${one}/alerts`, number] }),
      queries.invalidateQueries({ queryKey: ['get', '/api/v1/incidents'] }),
    ])
  }
  const send = async (body: IncidentPatch, version: number) =>
    (await api.PATCH(one, { params: { ...params, header: { 'If-Match': `"${version}"` } }, body })).data

  /** now reads the incident as it is. */
  const now = async () => (await api.GET(one, { params })).data

  /**
   * change makes a change of what is shown, unless somebody else has decided something of it meanwhile. It throws what keeps
   * it from being made.
   */
  const change = async (body: IncidentPatch, shown: Incident): Promise<void> => {
    let { version } = shown
    for (let tries = 1; ; tries++) {
      try {
        await send(body, version)
        break
      } catch (thrown) {
        if (asProblem(thrown).status !== 412) throw thrown
        const latest = await now()
        if (!latest || !decided(latest, shown) || tries === mostTries) {
          await again()
          throw new Error(
            'Somebody else changed this incident a moment ago; look at what it is now, and try again.',
          )
        }
        version = latest.version
      }
    }
    await again()
  }
  /** quietly makes a change, and tells what became of it. */
  const quietly = async (body: IncidentPatch, shown: Incident, past: string, undo?: IncidentPatch) => {
    try {
      await change(body, shown)
      const back = async () => {
        const data = await now()
        if (data) await change(undo ?? {}, data)
      }
      done(past, undo && back)
    } catch (thrown) {
      failed('Changing the incident', thrown)
    }
  }
  return { query, change, quietly, again }
}
