import { expect, it } from 'vitest'
import { countryName } from './name'

it.each([
  ['NL', 'Netherlands'],
  ['br', 'Brazil'],
  ['', ''],
  ['N/A', ''],
  ['<b>', ''],
])('%j is %j', (code, name) => expect(countryName(code)).toBe(name))
