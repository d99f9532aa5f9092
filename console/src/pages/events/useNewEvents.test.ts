import { describe, expect, it } from 'vitest'
import type { Schemas } from '@/api/client'
import { newerThan } from './useNewEvents'

const events = ['c', 'b', 'a'].map((id) => ({ id })) as Schemas['Event'][]

describe('events that came after the newest one that is shown', () => {
  it.each([
    ['c', []],
    ['b', ['c']],
    ['a', ['c', 'b']],
    [undefined, ['c', 'b', 'a']],
    ['of long ago', ['c', 'b', 'a']],
  ])('%s', (newest, want) => expect(newerThan(events, newest).map(({ id }) => id)).toEqual(want))
})
