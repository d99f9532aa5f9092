import { describe, expect, it } from 'vitest'
import type { Schemas } from '@/api/client'
import { draftOf, effects, patchOf, ruleOf } from './draft'

const rule = {
  id: 'map_1',
  name: 'Staging',
  enabled: true,
  source: 'falco',
  position: 20,
  when: 'event.project == "staging"',
  drop: false,
  set: { severity: 'low', tags: ['staging'], labels: { env: 'a=b', old: 'x' } },
  compute: { project: 'event.labels.ns' },
  counts: { matched: 0, dropped: 0, failed: 0 },
  created_at: '',
  updated_at: '',
  version: 1,
} satisfies Schemas['MappingRule']

describe('a rule and its form', () => {
  it('come back as they were', () => {
    const { name, enabled, source, position, when, drop, set, compute } = rule
    expect(ruleOf(draftOf(rule, 0))).toEqual({ name, enabled, source, position, when, drop, set, compute })
  })
  it('leave set and compute out of a rule that drops', () => {
    expect(ruleOf({ ...draftOf(rule, 0), drop: true })).not.toHaveProperty('set')
  })
  it('take away in a patch what the form has no more', () => {
    const draft = draftOf(rule, 0)
    draft.set.severity = ''
    draft.set.labels = ['env=a=b']
    draft.compute.project = ''
    const patch = patchOf(draft, rule)
    expect(patch.set).toEqual({ severity: null, tags: ['staging'], labels: { env: 'a=b', old: null } })
    expect(patch.compute).toEqual({ project: null })
  })
  it('take everything away in a patch that makes it drop', () => {
    const patch = patchOf({ ...draftOf(rule, 0), drop: true }, rule)
    expect(patch.set).toEqual({ severity: null, tags: null, labels: null })
    expect(patch.compute).toEqual({ project: null })
  })
})

it.each([
  [{ drop: true, set: {}, compute: {} }, ['drops the event']],
  [rule, ['severity = low', 'project computed', 'tags + staging', 'labels env=a=b, old=x']],
  [{ drop: false, set: {}, compute: {} }, ['changes nothing']],
])('says what a rule does', (of, words) => expect(effects(of)).toEqual(words))
