import { expect, it } from 'vitest'
import { narrow } from './bulk'

it.each([
  ['acknowledge', ['open', 'acknowledged'], ['open']],
  ['resolve', undefined, ['open', 'acknowledged']],
  ['resolve', ['resolved'], undefined],
  ['reopen', ['resolved'], ['resolved']],
] as const)('%s of %j reaches %j', (action, status, wanted) =>
  expect(narrow(status ? { status: [...status] } : {}, action)?.status).toEqual(wanted),
)

it('leaves the filter of other changes as it is', () =>
  expect(narrow({ status: ['resolved'] }, 'assign')).toEqual({ status: ['resolved'] }))
