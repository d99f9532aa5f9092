import { type Exempt, origins } from './useNeverBlock'

/** withText are the entries that have all words of a text somewhere: in their range, reason, origin or author. */
export function withText(entries: Exempt[], text: string): Exempt[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return entries
  return entries.filter(({ target, reason, source, author, account }) => {
    const said = [target, reason, origins[source].label, author, account].join('\n').toLowerCase()
    return words.every((word) => said.includes(word))
  })
}
