import { describe, expect, it } from 'vitest'
import { ended, type Job, newer, outcome, share } from './job'

const job = (over: Partial<Job>): Job => ({
  id: 'job_1',
  kind: 'replay',
  state: 'running',
  total: 200,
  done: 50,
  failed: 10,
  created_at: '2026-11-22T10:00:00Z',
  updated_at: '2026-11-22T10:00:01Z',
  ...over,
})

describe('a job in words', () => {
  it.each([
    [{}, '50 of 200 requeued; 10 could not be replayed'],
    [{ state: 'queued' as const }, 'Waiting to start'],
    [{ state: 'done' as const, done: 1, failed: 0 }, '1 delivery requeued'],
    [{ state: 'done' as const, done: 0, failed: 0 }, 'Nothing was there to send again'],
    [{ state: 'failed' as const, error: 'the store is full' }, 'Stopped: the store is full'],
    [{ state: 'cancelled' as const, failed: 0 }, 'Cancelled; 50 of 200 were requeued before that'],
    [{ kind: 'backfill' as const, failed: 0 }, '0 events sent so far'],
  ])('%j', (over, words) => expect(outcome(job(over))).toBe(words))
})

describe('how much is done', () => {
  it.each([
    [{}, 30],
    [{ total: 0 }, 0],
    [{ total: 20 }, 100],
    [{ state: 'done' as const, done: 0, failed: 0, total: 0 }, 100],
  ])('%j: %i %', (over, percent) => expect(share(job(over))).toBe(percent))
})

it('takes the later of two states, and an end whatever its time', () => {
  const early = job({ done: 1 })
  const late = job({ done: 90, updated_at: '2026-11-22T10:00:09Z' })
  const done = job({ state: 'done' })
  expect(newer(undefined, early)).toBe(early)
  expect(newer(late, early)).toBe(late)
  expect(newer(early, late)).toBe(late)
  expect(newer(late, done)).toBe(done)
  expect(newer(done, late)).toBe(done)
  expect([ended(early), ended(done)]).toEqual([false, true])
})
