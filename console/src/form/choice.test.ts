import { expect, test } from 'vitest'
import { choicesOf } from './choice'

test.each<[string, string, string[], string, Record<string, string>]>([
  ['no explanation', 'How it goes.', ['a', 'b'], 'How it goes.', {}],
  [
    'each after an introduction',
    'How an event is written. native: Tocsin’s own. cef: one line of text; ArcSight’s. x-1: other',
    ['native', 'cef', 'x-1', ''],
    'How an event is written.',
    { native: 'Tocsin’s own.', cef: 'One line of text; ArcSight’s.', 'x-1': 'Other' },
  ],
  [
    'only some, at once',
    'by_key: one after the other.',
    ['by_key', 'none'],
    '',
    { by_key: 'One after the other.' },
  ],
  ['a word that is no choice', 'See here. note: it counts.', ['a'], 'See here. note: it counts.', {}],
  ['signs of patterns', 'Which. a.b: dotted. axb', ['a.b'], 'Which.', { 'a.b': 'Dotted. axb' }],
])('%s', (_, help, choices, intro, each) => {
  expect(choicesOf(help, choices)).toEqual({ intro, each })
})
