import { describe, expect, it } from 'vitest'
import { isStyleText } from './trusted'

describe('what may be written into a style element', () => {
  it.each([
    [':root{--a:1px}', true],
    ['@media (min-width: 48em){.a>.b{color:red}}', true],
    ['', true],
    ['</style><script>alert(1)</script>', false],
    ['a<b', false],
  ])('%s: %s', (text, wanted) => expect(isStyleText(text)).toBe(wanted))
})
