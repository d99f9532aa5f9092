import { describe, expect, it } from 'vitest'
import { severityOf, sizeOf, titleOf } from './payload'

const capture = (payload: unknown) => ({
  delivery: 'dlv_1',
  event: 'evt_1',
  type: 'alert.created',
  time: '2026-11-22T10:00:00Z',
  payload,
})

describe('a payload', () => {
  it.each<[unknown, string, string | undefined]>([
    [{ title: 'A', severity: 'high' }, 'A', 'high'],
    [{ title: '', severity: 7 }, 'alert.created', undefined],
    [{ title: { text: 'A' } }, 'alert.created', undefined],
    ['text', 'alert.created', undefined],
    [null, 'alert.created', undefined],
    [[{ title: 'A' }], 'alert.created', undefined],
  ])('%j is called %s', (payload, title, severity) => {
    expect(titleOf(capture(payload))).toBe(title)
    expect(severityOf(capture(payload))).toBe(severity)
  })

  it('has the size of its bytes, not of its letters', () => expect(sizeOf(capture('ü'))).toBe('4 B'))
})
