import type { Schemas } from '@/api/client'

/** asSent is what the sender sent, if somebody did: text as it came, or base64 of what is no text. */
export function asSent({
  raw,
  raw_base64,
}: Pick<Schemas['Event'], 'raw' | 'raw_base64'>): { text: string; label: string } | undefined {
  if (raw !== undefined) return { text: indented(raw), label: 'As it was sent' }
  if (raw_base64 !== undefined) return { text: raw_base64, label: 'As it was sent, base64' }
  return undefined
}

/** indented lays out what is JSON; numbers that JavaScript cannot hold, and all else, stay as they came. */
function indented(text: string): string {
  try {
    const value: unknown = JSON.parse(text)
    // What reads back differently (long numbers, repeated names) is evidence, and shown as it came.
    if (JSON.stringify(value) !== text.trim()) return text
    return JSON.stringify(value, null, 2)
  } catch {
    return text
  }
}

/** envelopeOf is the event without the sender's bytes. */
export function envelopeOf(event: Schemas['Event']): Record<string, unknown> {
  const { raw: _, raw_base64: __, ...rest } = event
  return rest
}
