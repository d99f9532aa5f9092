/** nobody is the value of the choice to take something from whoever has it. */
export const nobody = '\u0000nobody'

/** Choice is somebody that something can be given to. */
export interface Choice {
  value: string
  label: string
  hint?: string
}

/** mostChoices is how many people are offered at once; a search finds the others. */
const mostChoices = 50

/** address is what may be an e-mail address; the hub checks it. */
const address = /^[^\s@]+@[^\s@]+$/

/**
 * choices are whom something can be given to: oneself first, nobody if somebody has it, then the others, as far as the
 * search finds them. An address that is not among them can be chosen, too, and is told apart.
 */
export function choices(
  people: readonly string[],
  { own, current, search }: { own: string; current: string; search: string },
): Choice[] {
  const sought = search.trim()
  const fits = (text: string) => text.toLowerCase().includes(sought.toLowerCase())
  const found: Choice[] = []
  if (own && own !== current && (fits(own) || fits('me'))) found.push({ value: own, label: 'Me', hint: own })
  if (current && fits('nobody'))
    found.push({ value: nobody, label: 'Nobody', hint: `takes it from ${current}` })
  for (const each of people) {
    if (found.length >= mostChoices) break
    if (each !== own && each !== current && fits(each)) found.push({ value: each, label: each })
  }
  if (address.test(sought) && sought !== current && !people.includes(sought))
    found.push({ value: sought, label: sought, hint: 'Not among the people of this account' })
  return found
}
