import { expect, test } from 'vitest'
import { saysJson, shownBody } from './body'

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

test.each([
  [{ 'Content-Type': 'application/json; charset=utf-8' }, true],
  [{ 'content-type': 'application/problem+json' }, true],
  [{ 'Content-Type': 'application/x-ndjson' }, true],
  [{ 'Content-Type': 'text/plain; was=application/json' }, false],
  [{ 'X-Type': 'application/json' }, false],
  [null, false],
])('the headers %j', (headers, json) => expect(saysJson(headers)).toBe(json))
