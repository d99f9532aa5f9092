import { expect, it } from 'vitest'
import { monogram } from './letters'

it.each([
  ['AWS WAF', 'AW'],
  ['Cloudflare', 'Cl'],
  ['PagerDuty', 'PD'],
  ['Elasticsearch, OpenSearch', 'EO'],
  ['E-mail', 'Em'],
  ['x', 'X'],
  ['', ''],
])('%s is %s', (title, letters) => expect(monogram(title)).toBe(letters))
