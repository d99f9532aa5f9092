import type { Schemas } from '@/api/client'
import type { Delivery } from '@/delivery/words'

type Attempt = Schemas['Attempt']

/**
 * probes are the places, in a history from the oldest on, of the attempts that spent none of the delivery's: while a
 * receiver fails, the hub asks with one delivery whether it is back. The attempt after such a one has its number again.
 */
export function probes(history: readonly Attempt[], row: Pick<Delivery, 'status' | 'attempts'>): Set<number> {
  const found = new Set<number>()
  history.forEach(({ number, outcome }, i) => {
    if (outcome !== 'retry') return
    const again = history[i + 1]?.number === number
    // The newest one is known by what the delivery has spent, or by the one before it.
    const newest = i === history.length - 1
    const unspent = row.status === 'parked' || row.status === 'behind' || history[i - 1]?.number === number
    if (again || (newest && unspent && row.status !== 'mailbox' && number > row.attempts)) found.add(i)
  })
  return found
}
