import { expect, it } from 'vitest'
import { byThing, presets, standing } from './scopes'

it('groups scopes by what they are about', () => {
  const scopes = ['alerts:read', 'blocks:read', 'alerts:write', 'admin'].map((scope) => ({ scope, help: '' }))
  expect(byThing(scopes).map((g) => [g.name, g.scopes.length])).toEqual([
    ['alerts', 2],
    ['blocks', 1],
    ['admin', 1],
  ])
})

it.each([
  ['Send events', 'events:write', true],
  ['Send events', 'events:read', false],
  ['Read everything', 'alerts:read', true],
  ['Read everything', 'audit:read', false],
  ['Read everything', 'admin', false],
  ['Block addresses', 'blocks:approve', false],
])('%s has %s: %s', (label, scope, has) =>
  expect(presets.find((preset) => preset.label === label)?.pick(scope)).toBe(has),
)

const now = Date.parse('2026-01-01T00:00:00Z')
it.each([
  [{}, 'active'],
  [{ expires_at: '2026-06-01T00:00:00Z' }, 'active'],
  [{ expires_at: '2026-01-02T00:00:00Z' }, 'ending'],
  [{ expires_at: '2025-12-31T00:00:00Z' }, 'expired'],
  [{ expires_at: '2026-06-01T00:00:00Z', revoked_at: '2025-12-31T00:00:00Z' }, 'revoked'],
])('%j is %s', (key, wanted) => expect(standing(key, now)).toBe(wanted))
