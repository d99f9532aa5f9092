import { describe, expect, it } from 'vitest'
import { causeClass, splitCause, statuses, statusMeaning, whyNoRetry } from './words'

describe('a cause', () => {
  it.each([
    [undefined, { what: '', answer: '' }],
    ['no such host', { what: 'No such host', answer: '' }],
    [
      'the receiver answered 400 Bad Request; the answer begins: <b>; the answer begins: no</b>',
      { what: 'The receiver answered 400 Bad Request', answer: '<b>; the answer begins: no</b>' },
    ],
  ])('%j', (cause, parts) => expect(splitCause(cause)).toEqual(parts))
})

it('names classes of causes, and leaves unknown ones readable', () => {
  expect(causeClass('exhausted')).toBe('Out of attempts')
  expect(causeClass('some_new_one')).toBe('some new one')
})

it('has a meaning for each status, and lets only those be retried that can be', () => {
  expect(statuses.filter(({ value }) => statusMeaning(value) === '')).toEqual([])
  expect(statuses.filter(({ value }) => whyNoRetry(value) === '').map(({ value }) => value)).toEqual([
    'parked',
    'held',
    'mailbox',
    'discarded',
  ])
})
