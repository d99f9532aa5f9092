import type { QueryClient } from '@tanstack/react-query'
import { api, keepCSRF, onCSRF, onSignedOut } from '@/api/client'
import { forgetAccount } from './account'
import { setDoubt } from './doubt'
import { type Me, meQuery } from './me'
import { hearTabs } from './tabs'

/** rest is how long nobody asks again who is signed in because a tab is looked at, in milliseconds. */
const rest = 5_000

/**
 * watchSession keeps what is shown in step with the session, which all tabs share. One that ended is asked for above the page,
 * so that nothing is lost of what was typed; toSignIn is for when there is no page yet, or somebody signed out on purpose.
 */
export function watchSession(queries: QueryClient, toSignIn: () => void): void {
  const known = () => queries.getQueryData(meQuery.queryKey)
  let looked = 0
  const look = async () => {
    if (!known()) return
    looked = Date.now()
    const { data } = await api.GET('/api/v1/me')
    if (data) meet(queries, data)
  }
  const lookQuietly = () => void look().catch(() => undefined) // what it means is told by onSignedOut, or by nobody

  onSignedOut(() => {
    if (known()) setDoubt({ kind: 'ended' })
    else toSignIn()
  })
  onCSRF(lookQuietly)
  hearTabs((turn) => {
    if (turn === 'in') return lookQuietly()
    forgetAccount()
    setDoubt(undefined)
    toSignIn()
    queries.clear()
  })
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible' && Date.now() - looked > rest) lookQuietly()
  })
}

/** meet takes note of who is signed in now: the same person goes on with a new token, of another one the page says so. */
export function meet(queries: QueryClient, now: Me): void {
  const before = queries.getQueryData(meQuery.queryKey)
  if (before && !isSame(before, now)) {
    setDoubt({ kind: 'other', name: now.name })
    return
  }
  keepCSRF(now.csrf_token ?? '')
  queries.setQueryData(meQuery.queryKey, now)
  setDoubt(undefined)
}

const isSame = (a: Me, b: Me): boolean => a.id === b.id && a.home === b.home && a.account === b.account
