import { describe, expect, it } from 'vitest'
import { draftOf, firstDraft, inputOf, type Rule, sentence, shortDuration } from './rule'

const rule: Rule = {
  id: 'rul_1',
  name: 'Related',
  position: 100,
  enabled: true,
  match: { severities: ['high'] },
  group_by: ['entity', 'alert_type'],
  entity_types: ['ip'],
  window: '5m0s',
  threshold: 3,
  title: '{count}',
  version: 1,
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
}

it.each([
  ['5m0s', '5m'],
  ['1h0m0s', '1h'],
  ['1h30m0s', '1h30m'],
  ['10s', '10s'],
  ['20m0s', '20m'],
])('%s is %s', (text, short) => expect(shortDuration(text)).toBe(short))

describe('a rule in a form', () => {
  it('comes back as it was', () =>
    expect(inputOf(draftOf(rule))).toMatchObject({
      name: 'Related',
      match: { severities: ['high'] },
      window: '5m',
      group_by: ['entity', 'alert_type'],
    }))
  it('matches all alerts if nothing is chosen', () => expect(inputOf(firstDraft).match).toEqual({}))
})

it('is said in words', () =>
  expect(sentence(rule)).toBe('3 alerts within 5m that share an entity (ip) and alert type'))
