import { describe, expect, it } from 'vitest'
import { entryOf } from './build'

describe('the script that a page begins with', () => {
  it.each([
    [
      '<script type="module" crossorigin src="/console/assets/index-a1.js"></script>',
      '/console/assets/index-a1.js',
    ],
    ['<script src="/console/assets/index-b2.js" nonce="x">', '/console/assets/index-b2.js'],
    ['<link rel="modulepreload" href="/console/assets/shared-c3.js">', ''],
    ['<script src="https://proxy.example/login.js"></script>', ''],
    ['', ''],
  ])('%s', (page, entry) => expect(entryOf(page)).toBe(entry))
})
