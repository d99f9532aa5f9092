import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { hearHub, hubNow, offsetOf, onHubClock } from './hub'

const now = Date.parse('2026-11-22T12:00:00Z')
const hour = 3_600_000
const httpDate = (at: number) => new Date(at).toUTCString()

describe('how far the clocks are apart', () => {
  it.each([
    ['the same second', httpDate(now), now, now + 80, 0],
    ['a few seconds, which the way here explains', httpDate(now - 4_000), now, now, 0],
    ['a browser an hour behind', httpDate(now + hour), now - 50, now, hour + 500],
    ['a browser an hour ahead', httpDate(now - hour), now - 50, now, 500 - hour],
    ['no Date', null, now, now, undefined],
    ['a Date that is none', 'yesterday', now, now, undefined],
    ['an answer that took long', httpDate(now + hour), now, now + 20_000, undefined],
    ['a clock that was set back meanwhile', httpDate(now), now, now - hour, undefined],
  ])('%s', (_, date, asked, came, wanted) => expect(offsetOf(date, asked, came)).toBe(wanted))
})

describe('the time by the hub', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    vi.setSystemTime(now)
  })
  afterEach(() => {
    hearHub(httpDate(Date.now()), Date.now(), Date.now())
    vi.useRealTimers()
  })

  it('follows the hub, and tells once', () => {
    const told = vi.fn()
    const end = onHubClock(told)
    expect(hubNow()).toBe(now)
    hearHub(httpDate(now + hour), now, now)
    expect(hubNow()).toBe(now + hour + 500)
    hearHub(httpDate(now + hour + 1_000), now, now)
    expect(hubNow()).toBe(now + hour + 500)
    expect(told).toHaveBeenCalledTimes(1)
    end()
  })

  it('is the browser’s again when its clock was mended', () => {
    hearHub(httpDate(now + hour), now, now)
    vi.setSystemTime(now + hour)
    hearHub(httpDate(now + hour), now + hour, now + hour)
    expect(hubNow()).toBe(now + hour)
  })
})
