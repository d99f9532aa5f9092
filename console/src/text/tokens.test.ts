import { describe, expect, it } from 'vitest'
import { tokens } from './tokens'

describe('the parts of a JSON text', () => {
  it('knows keys, strings and words', () => {
    expect(tokens('{"a": "b\\"c", "n": -1.5e3, "t": true}').filter((t) => t.kind !== 'plain')).toEqual([
      { kind: 'key', text: '"a"' },
      { kind: 'string', text: '"b\\"c"' },
      { kind: 'key', text: '"n"' },
      { kind: 'word', text: '-1.5e3' },
      { kind: 'key', text: '"t"' },
      { kind: 'word', text: 'true' },
    ])
  })
  it.each(['{"a":1}', 'no json <script>', '"open', '', '[1,2,{"x":null}]'])('loses nothing of %j', (text) =>
    expect(
      tokens(text)
        .map((t) => t.text)
        .join(''),
    ).toBe(text),
  )
})
