import { visible } from '@/text/visible'

/** initials are two letters for a person: of the parts of the name before the "@", or the first two of it. */
export function initials(address: string): string {
  const [name = ''] = visible(address.trim()).split('@')
  const [first = '', second] = name.split(/[._\-+\s]+/).filter(Boolean)
  const letters = second ? [...first].slice(0, 1).concat([...second].slice(0, 1)) : [...first].slice(0, 2)
  return letters.join('').toUpperCase() || '?'
}
