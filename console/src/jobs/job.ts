import type { Schemas } from '@/api/client'
import { count, full } from '@/text/number'

/** Job is long work that a request started. */
export type Job = Schemas['Job']

/** ended says whether a job changes no more. */
export const ended = (job: Job): boolean => job.state !== 'queued' && job.state !== 'running'

/** newer is the later of two states of one job: what was read may come after what was told. */
export const newer = (a: Job | undefined, b: Job): Job =>
  a && (ended(a) || Date.parse(a.updated_at) > Date.parse(b.updated_at)) && !ended(b) ? a : b

/** share is how much of a job is done, from 0 to 100. A job whose size is not known yet has done nothing. */
export function share(job: Job): number {
  if (job.state === 'done') return 100
  if (job.total <= 0) return 0
  return Math.min(100, Math.floor(((job.done + job.failed) / job.total) * 100))
}

/** title says what a job is. */
export const title = (job: Job): string => (job.kind === 'replay' ? 'Replay' : 'Backfill')

/** outcome says in a sentence how far a job is, or what came of it. */
export function outcome(job: Job): string {
  const failed =
    job.failed > 0 ? `; ${full(job.failed)} could not be ${job.kind === 'replay' ? 'replayed' : 'sent'}` : ''
  if (job.kind === 'backfill') {
    const brought = count(job.backfill?.counts.delivered ?? 0, 'event')
    if (job.state === 'queued') return 'Waiting to start'
    if (!ended(job)) return `${brought} sent so far${failed}`
    if (job.state === 'cancelled') return `Cancelled; ${brought} sent before that${failed}`
    if (job.state === 'failed') return `Stopped: ${job.error || 'it failed'}`
    return `${brought} sent${failed}`
  }
  switch (job.state) {
    case 'queued':
      return 'Waiting to start'
    case 'running':
      return `${full(job.done)} of ${full(job.total)} requeued${failed}`
    case 'cancelled':
      return `Cancelled; ${full(job.done)} of ${full(job.total)} were requeued before that${failed}`
    case 'failed':
      return `Stopped: ${job.error || 'it failed'}`
    default:
      if (job.done + job.failed === 0) return 'Nothing was there to send again'
      return `${count(job.done, 'delivery', 'deliveries')} requeued${failed}`
  }
}
