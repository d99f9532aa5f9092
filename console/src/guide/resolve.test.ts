import { expect, it } from 'vitest'
import { resolve } from './resolve'

it.each([
  ['https://example.com/a', { kind: 'site', href: 'https://example.com/a' }],
  ['../../../docs/secrets.md#references', { kind: 'page', to: '/docs/handbook/secrets' }],
  ['expressions.md', { kind: 'page', to: '/docs/handbook/expressions' }],
  ['../../../docs/events.md', { kind: 'page', to: '/docs/events' }],
  ['../internal/connectors/splunk/README.md', { kind: 'page', to: '/docs/connectors/splunk' }],
  ['../slack/README.md', { kind: 'page', to: '/docs/connectors/slack' }],
  ['../packaging/tocsin.yaml', { kind: 'none' }],
  ['adr/0006-audit-chain.md', { kind: 'none' }],
  ['javascript:alert(1)', { kind: 'none' }],
  ['//evil.example/x.md', { kind: 'none' }],
  ['#settings', { kind: 'none' }],
  ['', { kind: 'none' }],
  [undefined, { kind: 'none' }],
])('%s leads to %j', (href, want) => expect(resolve(href)).toEqual(want))
