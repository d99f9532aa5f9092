import { expect, it } from 'vitest'
import { type Pages, withChanged, withPart } from './cachedPages'
import type { Alert } from './matches'

const alert = (id: string, version: number, status = 'open') => ({ id, version, status }) as Alert
const pages: Pages = {
  pageParams: ['', 'x'],
  pages: [{ items: [alert('a', 2), alert('b', 1)] }, { items: [alert('c', 1)] }],
}

it('puts what changed in its place, and leaves other pages as they are', () => {
  const next = withChanged(pages, new Map([['b', alert('b', 2, 'resolved')]]))
  expect(next.pages[0]?.items[1]?.status).toBe('resolved')
  expect(next.pages[0]?.items[0]).toBe(pages.pages[0]?.items[0])
  expect(next.pages[1]).toBe(pages.pages[1])
})

it('keeps what is newer, and the same object if nothing changed', () =>
  expect(withChanged(pages, new Map([['a', alert('a', 1, 'resolved')]]))).toBe(pages))

it('changes a part of some', () =>
  expect(withPart(pages, new Set(['c']), { status: 'acknowledged' }).pages[1]?.items[0]?.status).toBe(
    'acknowledged',
  ))
