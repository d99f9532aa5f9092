import type { Schemas } from '@/api/client'
import type { Tone } from '@/text/State'

/** Standing is how an integration is doing, in a word. */
export interface Standing {
  word:
    | 'working'
    | 'catching up'
    | 'failing'
    | 'retrying'
    | 'refusing'
    | 'needs a secret'
    | 'sends nothing'
    | 'paused'
    | 'disabled'
    | 'warning'
  tone: Tone
  /** why says more, where there is more to say. */
  why: string
}

type Integration = Pick<
  Schemas['Integration'],
  'enabled' | 'paused' | 'voided' | 'disabled_reason' | 'warnings'
>
type Stats = Pick<
  Schemas['IntegrationStats'],
  'state' | 'hold' | 'breaker' | 'counts' | 'last_error' | 'last_error_at' | 'last_success_at'
>
type Responder = Pick<Schemas['Responder'], 'enabled' | 'ready' | 'error' | 'warnings'>

/** standingBy judges an integration of which nothing but its stats may be seen. */
export const standingBy = (stats: Stats): Standing =>
  standingOf({ enabled: stats.state !== 'disabled', paused: stats.state === 'paused', warnings: [] }, stats)

/** standingOf judges an integration by what is known of it, the worst first. */
export function standingOf(integration: Integration, stats?: Stats, responder?: Responder): Standing {
  if (!integration.enabled)
    return {
      word: 'disabled',
      tone: integration.disabled_reason ? 'bad' : 'calm',
      why: integration.disabled_reason ?? '',
    }
  if ((integration.voided?.length ?? 0) > 0 || stats?.hold === 'credentials')
    return {
      word: 'needs a secret',
      tone: 'warn',
      why: 'A secret was given up because the destination changed. It must be entered again.',
    }
  if (integration.paused) return { word: 'paused', tone: 'warn', why: 'Somebody paused it.' }
  if (responder) return respondersStanding(responder)
  if (stats?.breaker === 'open')
    return { word: 'failing', tone: 'bad', why: stats.last_error ?? 'Its receiver fails and is probed.' }
  if (stats && failedLast(stats))
    return backlog(stats.counts) > 0
      ? { word: 'retrying', tone: 'warn', why: stats.last_error ?? '' }
      : { word: 'refusing', tone: 'bad', why: stats.last_error ?? '' }
  const nothing = integration.warnings.find((each) => each.field === 'subscription.types')
  if (nothing) return { word: 'sends nothing', tone: 'warn', why: 'No event types are chosen.' }
  if (stats?.state === 'catching_up')
    return { word: 'catching up', tone: 'busy', why: 'It reads the journal to get what it is behind.' }
  return { word: 'working', tone: 'good', why: '' }
}

function respondersStanding(responder: Responder): Standing {
  if (responder.error) return { word: 'failing', tone: 'bad', why: responder.error }
  const [warning] = responder.warnings
  if (warning) return { word: 'warning', tone: 'warn', why: warning }
  return { word: 'working', tone: 'good', why: '' }
}

const failedLast = (stats: Stats): boolean =>
  stats.last_error_at !== undefined &&
  Date.parse(stats.last_error_at) > Date.parse(stats.last_success_at ?? '1970-01-01')

/** backlog is what an integration still has to get. */
export const backlog = (counts: Pick<Schemas['Counts'], 'waiting' | 'parked' | 'behind'>): number =>
  counts.waiting + counts.parked + counts.behind

/** failingWords are the standings of those that the hub counts as failing: nothing that was sent last has arrived. */
const failingWords: readonly Standing['word'][] = ['failing', 'retrying', 'refusing']

/** anyFailing is the filter's word for all failing standings together. */
export const anyFailing = 'not delivering'

/** hasState says whether a standing is what the filter asks for: a word, or anyFailing. */
export const hasState = ({ word }: Pick<Standing, 'word'>, state: string): boolean =>
  state === anyFailing ? failingWords.includes(word) : word === state

/** words are all standings, for the filter. */
export const words: Standing['word'][] = [
  'working',
  'catching up',
  'failing',
  'retrying',
  'refusing',
  'needs a secret',
  'sends nothing',
  'paused',
  'disabled',
  'warning',
]
