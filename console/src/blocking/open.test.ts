import { describe, expect, it } from 'vitest'
import type { Schemas } from '@/api/client'
import { covering, inBrief } from './open'

type Block = Schemas['Block']

const now = Date.parse('2026-11-22T12:00:00Z')
const block = (part: Partial<Block>): Block => ({
  evidence: {},
  placements: [],
  reason: '',
  requester: { kind: 'user' },
  responders: [],
  state: 'active',
  target: '203.0.113.7',
  ttl: '24h',
  version: 1,
  ...part,
})

describe('covering', () => {
  it.each([
    ['203.0.113.7', ['203.0.113.7'], '203.0.113.7'],
    ['203.0.113.7', ['203.0.113.0/24'], '203.0.113.0/24'],
    ['203.0.113.7', ['203.0.0.0/16', '203.0.113.0/24'], '203.0.113.0/24'],
    ['203.0.113.0/24', ['203.0.113.7'], undefined],
    ['203.0.113.0/24', ['203.0.113.0/24'], '203.0.113.0/24'],
    ['2001:db8::1', ['2001:db8::/64'], '2001:db8::/64'],
    ['2001:db8::/48', ['2001:db8::/64'], undefined],
    ['203.0.113.7', [], undefined],
  ])('%s of %j is in %s', (target, others, wanted) =>
    expect(
      covering(
        target,
        others.map((each) => block({ target: each })),
      )?.target,
    ).toBe(wanted),
  )
})

describe('inBrief', () => {
  const placed = (state: Block['placements'][number]['state']) => [
    { integration: 'int_1', state, since: '2026-11-22T12:00:00Z', wanted: true },
  ]
  it.each([
    [{ state: 'pending_approval' as const }, /^waits for approval$/],
    [{ placements: placed('verified') }, /^blocked for good$/],
    [
      { placements: placed('verified'), expires_at: '2026-11-22T18:00:00Z' },
      /^blocked until (tomorrow, )?\d\d:\d\d$/,
    ],
    [
      { placements: placed('verified'), expires_at: '2026-11-29T18:00:00Z' },
      /^blocked until \d+ Nov, \d\d:\d\d$/,
    ],
    [{ placements: placed('requested') }, /^being blocked for good$/],
    [{ placements: placed('failed') }, /^block not everywhere yet$/],
  ])('%j', (part, wanted) => expect(inBrief(block(part as Partial<Block>), now).label).toMatch(wanted))
})
