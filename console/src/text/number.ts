const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
const whole = new Intl.NumberFormat('en')

/** short is a number in little room: 12.3K. */
export const short = (n: number): string => compact.format(n)

/** full is a number with its groups: 12,345. */
export const full = (n: number): string => whole.format(n)

/** count is a number with its noun: "1 alert", "3 alerts". */
export const count = (n: number, one: string, many = `${one}s`): string =>
  `${full(n)} ${n === 1 ? one : many}`

/** milliseconds is a duration for people: 0.4 ms, 12 ms, 3.2 s, 1.5 min. */
export function milliseconds(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`
  if (ms < 3_600_000) return `${Number((ms / 60_000).toFixed(1))} min`
  return `${(ms / 3_600_000).toFixed(1)} h`
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** bytes is a size for people, in powers of 1024. */
export function bytes(n: number): string {
  let i = 0
  let value = n
  while (value >= 1024 && i < units.length - 1) {
    value /= 1024
    i++
  }
  return `${i === 0 ? value : value.toFixed(1)} ${units[i]}`
}
