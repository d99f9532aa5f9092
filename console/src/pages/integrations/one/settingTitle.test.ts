import { expect, it } from 'vitest'
import { settingTitle } from './settingTitle'

const connector = {
  settings: {
    properties: {
      url: { type: 'string', title: 'Target URL' },
      headers: {
        type: 'array',
        title: 'Headers',
        items: { type: 'object', properties: { value: { type: 'string', title: 'Value' } } },
      },
      batch: {
        type: 'object',
        title: 'Batch',
        properties: { password: { type: 'string', title: 'Password' } },
      },
    },
  },
  delivery: { properties: { max_attempts: { type: 'integer', title: 'Most attempts' } } },
}

it.each([
  ['settings.url', 'Target URL'],
  ['settings.headers.0.value', 'Headers 1: Value'],
  ['settings.headers.1', 'Headers 2'],
  ['settings.batch.password', 'Batch: Password'],
  ['settings.unheard_of', 'settings.unheard_of'],
  ['delivery.max_attempts', 'Most attempts'],
  ['subscription.types', 'Event types'],
  ['kind', 'Kind'],
])('%s is called %s', (path, title) => expect(settingTitle(path, connector)).toBe(title))

it('leaves a path as it is where the connector is not known', () =>
  expect(settingTitle('settings.url', undefined)).toBe('settings.url'))
