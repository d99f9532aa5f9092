import { describe, expect, it } from 'vitest'
import type { Incident } from './columns'
import { decided } from './decided'

const incident = {
  id: 'INC-1',
  status: 'new',
  severity: 'high',
  owner: '',
  classification: '',
  reason: '',
  title: 'A',
  description: '',
  project: 'p',
  tags: ['x', 'y'],
  alerts_count: 1,
  version: 1,
} as unknown as Incident

describe('what people decide of an incident', () => {
  it.each([
    ['a note', { version: 2 }],
    ['an alert that came', { version: 2, alerts_count: 2 }],
    ['a read', { tags: ['x', 'y'] }],
  ])('is the same after %s', (_, change) => expect(decided(incident, { ...incident, ...change })).toBe(true))

  it.each<Partial<Incident>>([
    { status: 'closed' },
    { severity: 'low' },
    { owner: 'ana@example.com' },
    { classification: 'true_positive' },
    { reason: 'r' },
    { title: 'B' },
    { description: 'd' },
    { project: 'q' },
    { tags: ['x'] },
    { tags: ['y', 'x'] },
  ])('is another after %j', (change) => expect(decided(incident, { ...incident, ...change })).toBe(false))
})
