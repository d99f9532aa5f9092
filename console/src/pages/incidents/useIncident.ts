import { useQueryClient } from '@tanstack/react-query'
import { done, failed } from '@/act/notify'
import { $api, api, type Schemas } from '@/api/client'
import { asProblem } from '@/api/problem'
import { useLiveRefresh } from '@/live/LiveProvider'
import type { Incident } from './columns'

export type IncidentPatch = Schemas['IncidentPatch']

const one = '/api/v1/incidents/{number}'

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

  /** change makes a change of the version that is shown. It throws what keeps it from being made. */
  const change = async (body: IncidentPatch, shown: Incident): Promise<void> => {
    try {
      await send(body, shown.version)
    } catch (thrown) {
      if (asProblem(thrown).status === 412) {
        await again()
        throw new Error(
          'Somebody else changed this incident a moment ago; look at what it is now, and try again.',
        )
      }
      throw thrown
    }
    await again()
  }
  /** quietly makes a change, and tells what became of it. */
  const quietly = async (body: IncidentPatch, shown: Incident, past: string, undo?: IncidentPatch) => {
    try {
      await change(body, shown)
      const back = async () => {
        const { data } = await api.GET(one, { params })
        if (data) await change(undo ?? {}, data)
      }
      done(past, undo && back)
    } catch (thrown) {
      failed('Changing the incident', thrown)
    }
  }
  return { query, change, quietly, again }
}
