import { expect, it } from 'vitest'
import { readSample } from './sample'

it.each([
  ['{"a": 1}', { a: 1 }],
  ['{"a":1}\n{"a":2}', '{"a":1}\n{"a":2}'],
  ['"a"', '"a"'],
  ['<syslog>', '<syslog>'],
])('reads %j', (text, wanted) => expect(readSample(text)).toEqual(wanted))
