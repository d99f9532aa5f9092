/** prefixWords says which prefix lengths are taken, runs of them in short: "/8 to /24, /32". */
export function prefixWords(lengths: readonly number[]): string {
  if (lengths.length === 0) return 'none'
  const sorted = [...new Set(lengths)].sort((a, b) => a - b)
  const runs: [from: number, to: number][] = []
  for (const length of sorted) {
    const last = runs.at(-1)
    if (last && length === last[1] + 1) last[1] = length
    else runs.push([length, length])
  }
  return runs.map(([from, to]) => (from === to ? `/${from}` : `/${from} to /${to}`)).join(', ')
}

/** Health is how a responder is doing, in a word. */
export type Health = 'off' | 'failing' | 'warning' | 'new' | 'fine'

/** healthOf says how a responder is doing: what is worst about it. */
export function healthOf(responder: {
  enabled: boolean
  ready: boolean
  error?: string
  warnings: readonly string[]
}): Health {
  if (!responder.enabled) return 'off'
  if (responder.error) return 'failing'
  if (responder.warnings.length > 0) return 'warning'
  return responder.ready ? 'fine' : 'new'
}

/** Fullness says how a gauge is to be drawn, and in words. */
export interface Fullness {
  /** percent is 0 to 100. */
  percent: number
  tone: 'good' | 'warn' | 'bad'
  words: string
}

/** fullnessOf says how full a responder is, against what the policy lets blocks take (0 to 1); undefined: nobody knows. */
export function fullnessOf(
  { used, capacity, share }: { used: number; capacity?: number; share?: number },
  maxShare: number,
): Fullness | undefined {
  if (!capacity && !share) return undefined
  const part = Math.max(share ?? 0, capacity ? used / capacity : 0)
  const percent = Math.min(100, 100 * part)
  const tone = part >= 1 ? 'bad' : part >= maxShare ? 'warn' : 'good'
  const shown = percent > 0 && percent < 1 ? 'less than 1' : `${Math.round(percent)}`
  return { percent, tone, words: `${shown} % full` }
}
