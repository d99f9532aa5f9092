import { describe, expect, it } from 'vitest'
import { choices, nobody } from './choices'

const people = ['me@example.com', 'ann@example.com', 'bob@example.com']
const values = (search: string, current = '') =>
  choices(people, { own: 'me@example.com', current, search }).map(({ value }) => value)

describe('whom something can be given to', () => {
  it.each([
    ['', '', ['me@example.com', 'ann@example.com', 'bob@example.com']],
    ['', 'ann@example.com', ['me@example.com', nobody, 'bob@example.com']],
    ['', 'me@example.com', [nobody, 'ann@example.com', 'bob@example.com']],
    ['BOB', '', ['bob@example.com']],
    ['nob', 'ann@example.com', [nobody]],
    ['zzz', '', []],
    ['new@example.com', '', ['new@example.com']],
    ['ann@example.com', '', ['ann@example.com']],
    ['ann@example.com', 'ann@example.com', []],
  ])('%j while %j has it', (search, current, want) => expect(values(search, current)).toEqual(want))

  it('may be a caller who is no person', () =>
    expect(choices([], { own: '', current: '', search: '' })).toEqual([]))
})
