// Durations and sizes as the hub writes them: Go's notation of durations (time.ParseDuration), and bytes with a unit.

const nanoseconds: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
}

/** duration reads "1h30m" in nanoseconds; undefined if it is none. */
export function duration(text: string): number | undefined {
  if (text === '0') return 0
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined
  let sum = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)) {
    sum += Number(amount) * (nanoseconds[unit ?? ''] ?? 0)
  }
  return sum
}

const sizes: Record<string, number> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
}

/** size reads "16MiB", or a number, in bytes; undefined if it is none. */
export function size(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 ? value : undefined
  if (typeof value !== 'string') return undefined
  const [, amount, unit = ''] = /^(\d+)(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)?$/.exec(value) ?? []
  return amount === undefined ? undefined : Number(amount) * (sizes[unit] ?? 1)
}
