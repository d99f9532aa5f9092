const names = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' })

// The names of what was asked for; there are fewer codes of two letters than fit into a page.
const found = new Map<string, string>()

/** countryName is the name of a country by its two letters (ISO 3166-1); empty for what is none. */
export function countryName(code: string): string {
  if (!/^[A-Za-z]{2}$/.test(code)) return ''
  const upper = code.toUpperCase()
  let name = found.get(upper)
  if (name === undefined) {
    name = names.of(upper) ?? ''
    found.set(upper, name)
  }
  return name
}
