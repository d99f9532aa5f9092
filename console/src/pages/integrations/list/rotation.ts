/** Rotation is how long credentials may still be used. */
export interface Rotation {
  days: number
  state: 'overdue' | 'soon' | 'later'
}

/** soon is how many days before the date it is said, as the hub's own warnings do. */
const soon = 14
const day = 86_400_000

/** rotationOf reads the date by which credentials are to be changed, at a time; undefined without a date. */
export function rotationOf(rotateBy: string, now: number): Rotation | undefined {
  const at = Date.parse(`${rotateBy}T00:00:00Z`)
  if (!rotateBy || Number.isNaN(at)) return undefined
  const days = Math.round((at - Math.floor(now / day) * day) / day)
  return { days, state: days < 0 ? 'overdue' : days <= soon ? 'soon' : 'later' }
}

/** rotationWords says it in words. */
export function rotationWords({ days, state }: Rotation): string {
  if (days === 0) return 'due today'
  const n = Math.abs(days)
  const length = n === 1 ? '1 day' : `${n} days`
  return state === 'overdue' ? `overdue by ${length}` : `in ${length}`
}

/** rotationNote says it of a credential, in the midst of other words. */
export const rotationNote = (rotation: Rotation): string =>
  rotation.days > 0 ? `rotation due ${rotationWords(rotation)}` : `rotation ${rotationWords(rotation)}`
