import { expect, it } from 'vitest'
import { onTop } from './onTop'

type Form = Record<string, unknown>

it.each<[string, Form, Form, Form, Form]>([
  ['nothing was changed here', { a: 1, b: 2 }, { a: 1, b: 2 }, { a: 3, b: 4 }, { a: 3, b: 4 }],
  ['each changed another field', { a: 1, b: 2 }, { a: 1, b: 9 }, { a: 3, b: 2 }, { a: 3, b: 9 }],
  ['both changed the same field', { a: 1 }, { a: 2 }, { a: 3 }, { a: 2 }],
  ['a list was changed', { a: ['x'] }, { a: ['x', 'y'] }, { a: ['x'], b: 1 }, { a: ['x', 'y'], b: 1 }],
  ['a field was emptied', { a: 1, b: 2 }, { b: 2 }, { a: 1, b: 3 }, { b: 3 }],
  ['a field was added', {}, { a: 1 }, { b: 2 }, { a: 1, b: 2 }],
])('when %s', (_, before, mine, newer, wanted) => expect(onTop(before, mine, newer)).toEqual(wanted))
