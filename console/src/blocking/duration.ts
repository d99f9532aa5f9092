/** permanent is the duration of a block that does not end by itself. */
export const permanent = 'permanent'

const units: [suffix: string, seconds: number, word: string][] = [
  ['d', 86_400, 'day'],
  ['h', 3_600, 'hour'],
  ['m', 60, 'minute'],
  ['s', 1, 'second'],
]

/** ttlSeconds reads a duration of the API (24h, 7d, 1h30m, 2160h0m0s); undefined for what is none, such as permanent. */
export function ttlSeconds(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?[dhms])+$/.test(text)) return undefined
  let sum = 0
  for (const [, value, unit] of text.matchAll(/(\d+(?:\.\d+)?)([dhms])/g)) {
    sum += Number(value) * (units.find(([suffix]) => suffix === unit)?.[1] ?? 0)
  }
  return sum
}

/** ttlWords says a duration of the API in words: "24 hours", "7 days", "for good". */
export function ttlWords(text: string): string {
  if (text === permanent) return 'for good'
  let left = ttlSeconds(text)
  if (left === undefined) return text
  if (left === 86_400) return '24 hours'
  const parts: string[] = []
  for (const [, size, word] of units) {
    const n = Math.floor(left / size)
    if (n === 0) continue
    parts.push(`${n} ${word}${n === 1 ? '' : 's'}`)
    left -= n * size
  }
  return parts.slice(0, 2).join(' ') || '0 seconds'
}

/** ttlLeft is the time until an end as the API takes it, at least a minute; undefined of what is over. */
export function ttlLeft(expiresAt: string | undefined, now: number): string | undefined {
  if (!expiresAt) return permanent
  const seconds = Math.round((Date.parse(expiresAt) - now) / 1_000)
  return seconds > 0 ? `${Math.max(60, seconds)}s` : undefined
}

/** durations are how long a block may last, as the API reads them. An empty one is left to the account's policy. */
export const durations = [
  { value: '', label: 'As the policy says' },
  { value: '1h', label: '1 hour' },
  { value: '4h', label: '4 hours' },
  { value: '24h', label: '24 hours' },
  { value: '7d', label: '7 days' },
  { value: '30d', label: '30 days' },
  { value: permanent, label: 'Permanent (requires a reason)' },
]
