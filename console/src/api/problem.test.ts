import { describe, expect, it } from 'vitest'
import { secondsUntil } from './client'
import { asProblem, noAnswer, Problem } from './problem'
import { shallRetry, waitBefore } from './query'

describe('what a problem says', () => {
  it.each<[what: string, status: number, body: Record<string, unknown>, retryAfter: number, says: RegExp]>([
    ['the detail', 409, { title: 'Conflict', detail: 'It is closed.' }, 0, /^It is closed\.$/],
    ['the title', 409, { title: 'Conflict' }, 0, /^Conflict$/],
    ['no connection', 0, {}, 0, /^The hub cannot be reached\./],
    ['its own words for no answer', 0, { detail: 'Cut off.' }, 0, /^Cut off\.$/],
    [
      'a session that ended',
      401,
      { detail: 'send it as X-API-Key' },
      0,
      /^Your session has ended\. Sign in again\.$/,
    ],
    ['a wrong password', 401, { error: 'BAD_CREDENTIALS', detail: 'Not these.' }, 0, /^Not these\.$/],
    ['a proxy without the hub', 502, {}, 0, /^The proxy before the hub cannot reach it\./],
    ['a proxy that waited', 504, {}, 0, /got no answer/],
    ['too large', 413, {}, 0, /too large/],
    ['when to try again', 503, { detail: 'busy' }, 30, /^busy\. Try again in 30 s\.$/],
    [
      'when to try again, in minutes',
      429,
      {},
      600,
      /^Too many requests came at once\. Try again in 10 min\.$/,
    ],
    [
      'an address cut short',
      404,
      { detail: '"alr_x" is not a valid id: want alr_' },
      0,
      /^There is nothing like this here/,
    ],
    ['any other number', 418, {}, 0, /^The hub answered 418\.$/],
  ])('%s', (_, status, body, retryAfter, says) =>
    expect(new Problem(status, body, retryAfter).message).toMatch(says),
  )

  it('a fault of the page is not a hub that cannot be reached', () => {
    expect(asProblem(new TypeError('x is undefined'))).toMatchObject({
      status: -1,
      message: 'x is undefined',
    })
    expect(asProblem('thrown')).toMatchObject({ status: -1, message: 'thrown' })
  })
})

describe('a read is tried again by itself', () => {
  it.each<[what: string, count: number, thrown: unknown, again: boolean]>([
    ['when the hub is away', 0, new Problem(0, { error: noAnswer.away }), true],
    ['when it is busy', 1, new Problem(503, {}, 2), true],
    ['not for ever', 2, new Problem(503, {}, 2), false],
    ['not when it is to be long', 0, new Problem(429, {}, 60), false],
    ['not after a minute', 0, new Problem(0, { error: noAnswer.slow }), false],
    ['not when it was refused', 0, new Problem(403, {}), false],
    ['not for a fault of the page', 0, new TypeError('x is undefined'), false],
  ])('%s', (_, count, thrown, again) => expect(shallRetry(count, thrown)).toBe(again))

  it.each([
    [0, 0, 1_000],
    [1, 0, 2_000],
    [0, 5, 5_000],
    [0, 60, 15_000],
  ])('after %i failures and told to wait %i s: %i ms', (count, retryAfter, ms) =>
    expect(waitBefore(count, retryAfter)).toBe(ms),
  )
})

describe('Retry-After', () => {
  const now = Date.parse('2026-01-01T00:00:00Z')
  it.each([
    ['30', 30],
    ['Thu, 01 Jan 2026 00:01:00 GMT', 60],
    ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
    ['', 0],
    ['soon', 0],
  ])('%j is %i s', (text, seconds) => expect(secondsUntil(text, now)).toBe(seconds))
})
