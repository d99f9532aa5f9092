import { describe, expect, it } from 'vitest'
import { readAll } from './readAll'

describe('a list that is read to its end', () => {
  it('goes on behind each page, until there is none', async () => {
    const asked: (string | undefined)[] = []
    const all = await readAll<number>(async ({ cursor }) => {
      asked.push(cursor)
      return { data: cursor ? { items: [3] } : { items: [1, 2], next: 'c' } }
    })
    expect([all, asked]).toEqual([
      [1, 2, 3],
      [undefined, 'c'],
    ])
  })

  it('has a bound, and may be empty', async () => {
    let pages = 0
    const endless = await readAll<number>(async () => ({ data: { items: [pages++], next: 'more' } }))
    expect(endless).toHaveLength(10)
    expect(await readAll(async () => ({}))).toEqual([])
  })
})
