import { describe, expect, it } from 'vitest'
import { blocksOf } from './blocks'

describe('blocksOf', () => {
  it('cuts tables out of prose', () => {
    expect(blocksOf('# A\n\n| a | b |\n| --- | ---: |\n| 1 | `x` |\n| 2 |\n\nand on')).toEqual([
      { kind: 'prose', text: '# A\n' },
      {
        kind: 'table',
        head: ['a', 'b'],
        rows: [
          ['1', '`x`'],
          ['2', ''],
        ],
      },
      { kind: 'prose', text: '\nand on' },
    ])
  })

  it('knows a bar that belongs to a cell', () => {
    expect(blocksOf('|a|b|\n|-|-|\n| `x \\| y` | 2 |')).toEqual([
      { kind: 'table', head: ['a', 'b'], rows: [['`x | y`', '2']] },
    ])
  })

  it.each([
    ['code', '```\n| a |\n| --- |\n```'],
    ['code in a list', '1. x\n\n   ```sh\n   | a |\n   | --- |\n   ```'],
    ['a line with a bar', 'a | b\nc'],
    ['a line of dashes', 'a\n---'],
    ['another number of cells', '| a | b |\n| --- |'],
  ])('leaves %s alone', (_, text) => expect(blocksOf(text)).toEqual([{ kind: 'prose', text }]))
})
