import { expect, it } from 'vitest'
import { type Alert, matches, stillMatches } from './matches'

const alert: Alert = {
  id: 'alr_1',
  dedup_key: 'spray:203.0.113.7',
  status: 'open',
  severity: 'high',
  title: 'Failed logins',
  project: 'shop',
  country: 'NL',
  mitre: ['T1110.001'],
  entities: [{ type: 'ip', value: '203.0.113.7' }],
  count: 1,
  first_seen: '2026-01-01T00:00:00Z',
  last_seen: '2026-01-01T00:00:00Z',
  status_at: '2026-01-01T00:00:00Z',
  version: 1,
}

it.each([
  [{}, true],
  [{ status: ['open', 'acknowledged'] }, true],
  [{ status: ['resolved'] }, false],
  [{ assignee: ['none'] }, true],
  [{ assignee: ['dana@example.com'] }, false],
  [{ mitre: ['T1110'] }, true],
  [{ mitre: ['T1110.002'] }, false],
  [{ entity: 'ip:203.0.113.7' }, true],
  [{ entity: '203.0.113.8' }, false],
  [{ q: 'LOGINS failed' }, true],
  [{ q: 'port scan' }, false],
  [{ since: '2026-01-01T00:00:01Z' }, false],
  [{ until: '2026-01-01T00:00:00Z' }, false],
] as const)('%j: %s', (filter, wanted) =>
  expect(matches(alert, structuredClone(filter) as never)).toBe(wanted),
)

it('does not ask words again of what is shown already', () =>
  expect(stillMatches(alert, { q: 'in the description' })).toBe(true))
