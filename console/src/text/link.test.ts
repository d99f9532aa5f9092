import { expect, it } from 'vitest'
import { safeHref } from './link'

it.each([
  ['https://example.com/a?b=c', 'https://example.com/a?b=c'],
  ['http://example.com', 'http://example.com/'],
  ['javascript:alert(1)', undefined],
  [' JaVaScRiPt:alert(1)', undefined],
  ['java\nscript:alert(1)', undefined],
  ['data:text/html,<script>', undefined],
  ['//example.com', undefined],
  ['/relative', undefined],
  ['vbscript:x', undefined],
  ['', undefined],
  [undefined, undefined],
])('%j leads to %j', (text, wanted) => expect(safeHref(text)).toBe(wanted))
