import { $api } from '@/api/client'
import { blockLines, putLine } from '@/history/response'
import type { HistoryLine } from '@/history/words'
import { useLiveRefresh } from '@/live/LiveProvider'
import { useCan } from '@/session/me'
import type { Alert } from '../matches'

/** mostBlocks is how many blocks because of an alert are told, the newest; mostLines how much of an incident's timeline is read. */
const mostBlocks = 100
const mostLines = 500

/** useResponse is what was done because of an alert elsewhere: its blocks, and that it came under its incident. */
export function useResponse({ id, incident }: Alert): HistoryLine[] {
  const mayBlocks = useCan('blocks:read')
  const mayIncidents = useCan('incidents:read')
  useLiveRefresh(['block'], ['get', '/api/v1/blocks'])
  const blocks = $api.useQuery(
    'get',
    '/api/v1/blocks',
    { params: { query: { alert: id, limit: mostBlocks } } },
    { enabled: mayBlocks },
  )
  const timeline = $api.useQuery(
    'get',
    '/api/v1/incidents/{number}/timeline',
    { params: { path: { number: incident ?? '' }, query: { limit: mostLines } } },
    // The alert may have come under it a moment ago.
    { enabled: mayIncidents && Boolean(incident), staleTime: 0 },
  )
  const put = incident ? putLine(id, incident, timeline.data?.items ?? []) : undefined
  return [...(blocks.data?.items ?? []).flatMap(blockLines), ...(put ? [put] : [])]
}
