import { expect, it } from 'vitest'
import { adviceOn } from './advice'

// The codes of internal/respond/guard.
it.each([
  'protected',
  'width',
  'rate_minute',
  'rate_hour',
  'share',
  'capacity',
  'four_eyes',
  'permanent',
  'kill_switch',
  'ttl',
  'no_responder',
  'unsupported',
])('knows what to do about %s', (code) => expect(adviceOn(code)?.text).toBeTruthy())

it('does not take just any word for a code', () => expect(adviceOn('toString')).toBeUndefined())
