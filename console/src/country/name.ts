const names = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' })

/** countryName is the name of a country by its two letters (ISO 3166-1); empty for what is none. */
export function countryName(code: string): string {
  if (!/^[A-Za-z]{2}$/.test(code)) return ''
  return names.of(code.toUpperCase()) ?? ''
}
