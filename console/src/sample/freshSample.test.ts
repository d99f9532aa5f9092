import { describe, expect, it } from 'vitest'
import { freshSample } from './freshSample'

const now = new Date('2026-11-22T10:00:00Z')
const type = (sample: Record<string, unknown>) => ({
  name: 'alert.created',
  category: 'alert',
  description: '',
  severity: 'high' as const,
  sample,
})

describe('freshSample', () => {
  it('happens now, and keeps what else the catalogue says', () => {
    const event = freshSample(type({ type: 'alert.created', time: '2020-01-01T00:00:00Z', title: 'A' }), now)
    expect(event).toMatchObject({ type: 'alert.created', time: '2026-11-22T10:00:00.000Z', title: 'A' })
  })

  it('has an id of its own each time, beside the source', () => {
    const sample = type({ source: { vendor: 'example', id: 'a-1' } })
    const first = freshSample(sample, now)
    const second = freshSample(sample, new Date(now.getTime() + 1))
    expect(first.source).toMatchObject({ vendor: 'example' })
    expect(first.source).not.toEqual(second.source)
    expect(sample.sample.source).toEqual({ vendor: 'example', id: 'a-1' })
  })
})
