import type { Schemas } from '@/api/client'

/** Delivery is one event on its way to one integration. */
export type Delivery = Schemas['Delivery']

/** Status is where a delivery stands. */
export type Status = Delivery['status']

/** statuses are all of them, with the words that a filter shows. */
export const statuses: { value: Status; label: string }[] = [
  { value: 'delivered', label: 'Delivered' },
  { value: 'waiting', label: 'Waiting for its turn' },
  { value: 'parked', label: 'Parked until the next attempt' },
  { value: 'behind', label: 'Behind another of its key' },
  { value: 'held', label: 'Held back by noise control' },
  { value: 'mailbox', label: 'In the mailbox' },
  { value: 'discarded', label: 'Discarded' },
  { value: 'expired', label: 'Expired' },
  { value: 'skipped', label: 'Skipped' },
]

const meanings: Record<Status, string> = {
  delivered: 'The receiver has it.',
  waiting: 'It is on its way: an attempt is being made, or its turn has not come yet.',
  parked: 'The last attempt failed for a reason that may pass. It is retried on schedule.',
  behind: 'An earlier delivery of its ordering key has to go first.',
  held: 'Noise control holds it back for now; it goes out by itself when it is due.',
  mailbox: 'It failed for good. It is kept for 30 days and can be replayed.',
  discarded: 'It was closed without being delivered. It is kept for 30 days and can be replayed.',
  expired: 'The journal was trimmed before it could be delivered. It cannot be replayed.',
  skipped: 'It was left out: the integration was disabled, or noise control did so.',
}

/** statusMeaning says what a status means. */
export const statusMeaning = (status: Status): string => meanings[status] ?? ''

const classes: Record<string, string> = {
  permanent: 'Refused for good',
  retryable: 'Temporary',
  throttled: 'Throttled',
  exhausted: 'Out of attempts',
  disabled: 'Integration disabled',
  gone: 'Receiver asked to stop',
  person: 'Discarded by a person',
  trimmed: 'Trimmed from the journal',
  age: 'Too old',
  overflow: 'No room to park it',
  grouped: 'Held in a group',
  quiet_hours: 'Held for quiet hours',
  rate_cap: 'Held by the cap of messages',
}

/** causeClasses are all classes of causes, with their words. */
export const causeClasses: { value: string; label: string }[] = Object.entries(classes).map(
  ([value, label]) => ({ value, label }),
)

/** causeClass is a class of causes in words. */
export const causeClass = (name: string): string => classes[name] ?? name.replaceAll('_', ' ')

const grades: Record<string, string> = {
  accepted: 'The receiver accepted it. What happens to it there is not known.',
  confirmed: 'Its success means that it arrived for certain.',
  unverifiable: 'It was sent; that it arrived cannot be proven.',
}

/** gradeMeaning says how sure a delivery of this grade is. */
export const gradeMeaning = (grade: string | undefined): string => grades[grade ?? ''] ?? ''

/** answerMark stands in a cause between what happened and the beginning of the receiver's own words. */
const answerMark = '; the answer begins: '

/**
 * splitCause parts a cause into what happened, as a sentence begins, and what the receiver wrote, which is anybody's text.
 * A cause without an answer has an empty one.
 */
export function splitCause(cause: string | undefined): { what: string; answer: string } {
  const text = cause ?? ''
  const at = text.indexOf(answerMark)
  const what = at < 0 ? text : text.slice(0, at)
  return {
    what: what.charAt(0).toUpperCase() + what.slice(1),
    answer: at < 0 ? '' : text.slice(at + answerMark.length),
  }
}

/** retryable are the statuses in which a delivery can be tried again at once. */
const retryable: readonly Status[] = ['parked', 'held', 'mailbox', 'discarded']

/** whyNoRetry says why a delivery cannot be tried again now; empty when it can. */
export function whyNoRetry(status: Status): string {
  if (retryable.includes(status)) return ''
  if (status === 'delivered') return 'It was delivered.'
  if (status === 'waiting') return 'An attempt is on its way.'
  if (status === 'behind') return 'It waits behind an earlier delivery of its ordering key: retry that one.'
  if (status === 'expired') return 'Its events are gone from the journal.'
  return 'It was left out, and is not kept.'
}
