import { describe, expect, it } from 'vitest'
import type { Schemas } from '@/api/client'
import { blockLines, putLine } from './response'

const block: Schemas['Block'] = {
  id: 'blk_1',
  evidence: {},
  placements: [],
  reason: 'Brute force',
  requester: { kind: 'user', name: 'Ana' },
  responders: [],
  state: 'active',
  target: '203.0.113.7',
  ttl: '24h',
  version: 1,
  created_at: '2026-11-22T12:00:00Z',
}

describe('blockLines', () => {
  const inShort = (part: Partial<Schemas['Block']>) =>
    blockLines({ ...block, ...part }).map(({ verb, by, at }) => [verb, by, at.slice(11, 16)])
  it('is one line of a block that began at once', () =>
    expect(inShort({ active_at: '2026-11-22T12:00:00Z' })).toEqual([['block', 'Ana', '12:00']]))
  it('says when it was asked for, when it began, and who ended it', () =>
    expect(
      inShort({
        active_at: '2026-11-22T12:10:00Z',
        ended_at: '2026-11-22T12:20:00Z',
        state: 'removed',
        decider: { kind: 'user', name: 'Ben' },
      }),
    ).toEqual([
      ['ask', 'Ana', '12:00'],
      ['block', undefined, '12:10'],
      ['removed', 'Ben', '12:20'],
    ]))
  it('names nobody when the time ended it', () =>
    expect(
      inShort({
        state: 'lapsed',
        ended_at: '2026-11-22T12:30:00Z',
        decider: { kind: 'user', name: 'Ben' },
      }),
    ).toEqual([
      ['ask', 'Ana', '12:00'],
      ['lapsed', undefined, '12:30'],
    ]))
})

describe('putLine', () => {
  const moved = (at: string, left: string, came: string) => ({
    id: at,
    at,
    verb: 'link',
    by: 'Ana',
    via: 'console',
    changed: { alerts: [left, came] },
  })
  it('is the last time that it came', () =>
    expect(
      putLine('alr_1', 'INC-2', [
        moved('1', '', 'alr_1 alr_2'),
        moved('2', 'alr_1', ''),
        moved('3', '', 'alr_1'),
        moved('4', '', 'alr_3'),
      ]),
    ).toMatchObject({ at: '3', verb: 'put', about: { text: 'INC-2', path: '/incidents/INC-2' } }))
  it('is none when the timeline does not say', () =>
    expect(putLine('alr_9', 'INC-2', [moved('1', '', 'alr_1')])).toBeUndefined())
})
