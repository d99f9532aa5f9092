import type { Field } from './field'

/** hint says how a field is to be written, and within which bounds. */
export function hint(field: Field): string {
  switch (field.kind) {
    case 'duration':
    case 'size':
      return (
        bounds(field.atLeast, field.atMost) ||
        (field.kind === 'duration' ? 'Such as 30s, 5m, 24h.' : 'Such as 512KiB, 16MiB.')
      )
    case 'integer':
    case 'number':
      return bounds(word(field.least), word(field.most))
    case 'durations':
      return 'Such as 30s, 5m, 24h; Enter after each.'
    case 'texts':
      return 'Enter after each.'
  }
  return ''
}

const word = (n: number | undefined): string => (n === undefined ? '' : n.toLocaleString('en'))

function bounds(least: string, most: string): string {
  if (least && most) return `${least} to ${most}.`
  if (most) return `At most ${most}.`
  return least ? `At least ${least}.` : ''
}

/** shown writes a default as a placeholder. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (Array.isArray(value)) return value.map(String).join(', ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
