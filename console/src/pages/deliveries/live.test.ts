import { describe, expect, it } from 'vitest'
import type { Delivery } from '@/delivery/words'
import { matches, patch, wantsType } from './live'

const delivery = (over: Partial<Delivery> = {}): Delivery => ({
  id: 'dlv_1',
  integration: 'int_1',
  event: 'evt_1',
  type: 'alert.created',
  severity: 'high',
  status: 'parked',
  attempts: 1,
  since: '2026-11-22T10:00:00Z',
  ...over,
})

describe('a type', () => {
  it.each([
    ['alert.created', 'alert.created', true],
    ['alert.*', 'alert.created', true],
    ['alert.*', 'alerts.created', false],
    ['alert.*', 'alert', false],
    ['*', 'alert.created', true],
    ['alert.created', undefined, false],
  ])('%s wants %s: %s', (filter, type, answer) => expect(wantsType(filter, type)).toBe(answer))
})

describe('a delivery in a filtered list', () => {
  it.each([
    [{}, true],
    [{ integration: 'int_1', status: 'parked' as const, event: 'evt_1', type: 'alert.*' }, true],
    [{ integration: 'int_2' }, false],
    [{ status: 'mailbox' as const }, false],
    [{ event: 'evt_2' }, false],
    [{ type: 'hit.*' }, false],
    [{ since: '2026-11-22T10:00:00Z' }, true],
    [{ since: '2026-11-22T10:00:01Z' }, false],
    [{ until: '2026-11-22T10:00:00Z' }, false],
    [{ until: '2026-11-22T10:00:01Z' }, true],
  ])('%j: %s', (filter, answer) => expect(matches(filter, delivery())).toBe(answer))
})

describe('patch', () => {
  const data = {
    pages: [
      { items: [delivery(), delivery({ id: 'dlv_2' })], next: 'x' },
      { items: [delivery({ id: 'dlv_3' })] },
    ],
    pageParams: ['', 'x'],
  }
  const told = new Map([
    ['dlv_2', delivery({ id: 'dlv_2', status: 'delivered', history: [] })],
    ['dlv_9', delivery({ id: 'dlv_9' })],
  ])

  it('leaves no cause of before with one that was delivered', () => {
    const failed = delivery({
      cause: 'refused',
      cause_class: 'permanent',
      due: '2026-11-22T10:01:00Z',
      title: 'T',
    })
    const told = new Map([['dlv_1', delivery({ status: 'delivered' })]])
    const { data } = patch({ pages: [{ items: [failed] }], pageParams: [''] }, told)
    expect(data?.pages[0]?.items?.[0]).toEqual(delivery({ status: 'delivered', title: 'T' }))
  })

  it('changes rows in place, keeps other pages, and says what has no row', () => {
    const { data: next, unknown } = patch(data, told)
    expect(next?.pages[0]?.items?.map((row) => row.status)).toEqual(['parked', 'delivered'])
    expect(next?.pages[0]?.items?.[1]).not.toHaveProperty('history')
    expect(next?.pages[0]?.next).toBe('x')
    expect(next?.pages[1]).toBe(data.pages[1])
    expect(unknown).toEqual(['dlv_9'])
  })

  it('knows no row before the list was read', () =>
    expect(patch(undefined, told)).toEqual({ data: undefined, unknown: ['dlv_2', 'dlv_9'] }))
})
