import { expect, test } from 'vitest'
import { shownBody } from './body'

test.each([
  ['{"a":[1,{}],"b":"x,y:{"}', '{\n  "a": [\n    1,\n    {}\n  ],\n  "b": "x,y:{"\n}', true],
  ['{"n":12345678901234567890}', '{\n  "n": 12345678901234567890\n}', true],
  ['{"q":"a\\"b"}', '{\n  "q": "a\\"b"\n}', true],
  ['plain text', 'plain text', false],
  ['{broken', '{broken', false],
  ['', '', false],
])('the body %s', (body, text, json) => {
  expect(shownBody(body)).toEqual({ text, json })
})
