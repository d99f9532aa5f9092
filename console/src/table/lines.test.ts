import { describe, expect, it } from 'vitest'
import { dropFar, type Held, keptAround, mostHeld, put } from './held'
import { type Paged, PagedLines } from './lines'
import { around, stretch, stretchAt } from './useStretch'

type Page = Paged<string>

/** held is a list of so many pages of two lines each: 0a 0b, 1a 1b, … */
const held = (pages: number): Held<Page> => ({
  pageParams: Array.from({ length: pages }, (_, n) => (n === 0 ? '' : `c${n}`)),
  pages: Array.from({ length: pages }, (_, n) => ({ items: [`${n}a`, `${n}b`], next: `c${n + 1}` })),
})
const id = (line: string) => line

describe('lines that are read page by page', () => {
  const pages: Page[] = [{ items: ['a', 'b'] }, { items: [], slots: 3, dropped: true }, { items: ['f'] }]
  const lines = new PagedLines(pages)

  it('are found by their place, and keep it when those before them are dropped', () => {
    expect([lines.length, lines.held]).toEqual([6, 3])
    expect([-1, 0, 1, 2, 4, 5, 6].map((n) => lines.at(n))).toEqual([
      undefined,
      'a',
      'b',
      undefined,
      undefined,
      'f',
      undefined,
    ])
    expect([...lines]).toEqual(['a', 'b', 'f'])
    expect(lines.indexOf((line) => line === 'f')).toBe(5)
    expect(lines.indexOf((line) => line === 'c')).toBe(-1)
  })

  it.each([
    [0, 1, []],
    [0, 2, [1]],
    [-50, 50, [1]],
    [5, 9, []],
  ])('from %i to %i, pages %j have to be read again', (first, last, want) =>
    expect(lines.dropped(first, last)).toEqual(want),
  )

  it('may be none', () => {
    const none = new PagedLines([])
    expect([none.length, none.at(0), none.dropped(0, 10)]).toEqual([0, undefined, []])
  })
})

describe('pages far from sight', () => {
  it('stay while there are few', () => {
    const few = held(mostHeld)
    expect(dropFar(few, { first: 0, last: 0 })).toBe(few)
  })

  it('are dropped, but for the first and the last; all keep their room', () => {
    const next = dropFar(held(500), { first: 250, last: 251 })
    const kept = next.pages.flatMap((page, n) => (page.dropped ? [] : [n]))
    const from = 250 - keptAround
    expect(kept).toEqual([0, ...Array.from({ length: 2 * keptAround + 2 }, (_, i) => from + i), 499])
    expect(new PagedLines(next.pages).length).toBe(1_000)
    expect(next.pages[100]).toEqual({ items: [], next: 'c101', slots: 2, dropped: true })
  })
})

describe('a page that was read', () => {
  const dropped: Held<Page> = {
    ...held(3),
    pages: held(3).pages.with(1, { items: [], next: 'c2', slots: 2, dropped: true }),
  }

  it('is added at the end behind its cursor only', () => {
    const two = held(2)
    expect(put(two, 2, 'c2', { items: ['2a'] }, id).pages).toHaveLength(3)
    expect(put(two, 2, 'other', { items: ['2a'] }, id)).toBe(two)
  })

  it('takes the place of the dropped one, without what has moved to a page beside it', () => {
    const page = put(dropped, 1, 'c1', { items: ['1b', '2a', '9z'], next: 'elsewhere' }, id).pages[1]
    expect(page).toEqual({ items: ['1b', '9z'], next: 'c2', slots: 2, dropped: undefined })
  })

  it('may have lost lines, and keeps their room', () => {
    const lines = new PagedLines(put(dropped, 1, 'c1', { items: ['1b'] }, id).pages)
    expect([2, 3, 4].map((n) => lines.at(n))).toEqual(['1b', undefined, '2a'])
    expect(lines.dropped(0, 5)).toEqual([])
  })

  it('changes nothing where none was dropped', () => {
    const whole = held(3)
    expect(put(whole, 1, 'c1', { items: ['x'] }, id)).toBe(whole)
  })
})

describe('the stretch that is laid out', () => {
  const million = 1_000_000
  it.each([
    ['a short list', 0, 10, 40, 200, 0],
    ['the begin', 0, 0, 30, million, 0],
    ['its middle', 100_000, 120_000, 120_030, million, 100_000],
    ['its end', 0, stretch - 40, stretch - 1, million, stretch / 2 - 40],
    ['its begin', 100_000, 100_010, 100_040, million, 100_010 - stretch / 2],
    ['the end of all', million - stretch, million - 30, million - 1, million, million - stretch],
  ])('in %s', (_, from, first, last, length, want) => expect(stretchAt(from, first, last, length)).toBe(want))

  it('stays for a long way once it was moved', () => {
    const from = stretchAt(0, stretch - 40, stretch - 10, million)
    for (const away of [-10_000, 10_000]) {
      const first = stretch - 40 + away
      expect(stretchAt(from, first, first + 30, million)).toBe(from)
    }
  })

  it('has a line in its middle, but at the begin', () =>
    expect([0, 500_000].map(around)).toEqual([0, 500_000 - stretch / 2]))
})
