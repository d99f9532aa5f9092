import { expect, it } from 'vitest'
import { blocksOf } from '@/guide/blocks'
import { handbook, readPage } from './pages'

it('has every page of the handbook once, and each can be read', async () => {
  const names = handbook().flatMap(({ names }) => names)
  expect(names).toContain('expressions')
  expect(new Set(names).size).toBe(names.length)
  for (const name of names) expect(blocksOf((await readPage(name)) ?? '')).not.toEqual([])
})

it('has no page for any other name', async () => expect(await readPage('../secret')).toBeNull())
