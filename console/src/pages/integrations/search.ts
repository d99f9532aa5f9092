/** ListSearch is what of the list of integrations is looked for. */
export interface ListSearch {
  q?: string
  state?: string
  kind?: string
}

/** CatalogueSearch is what of the catalogue is looked for. */
export interface CatalogueSearch {
  q?: string
  group?: string
}

/** longestSearch is how many characters of a search are kept. */
const longestSearch = 200

function word(value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  return String(value).slice(0, longestSearch) || undefined
}

/** readListSearch reads the address of the list. */
export function readListSearch(search: Record<string, unknown>): ListSearch {
  return { q: word(search.q), state: word(search.state), kind: word(search.kind) }
}

/** readCatalogueSearch reads the address of the catalogue. */
export function readCatalogueSearch(search: Record<string, unknown>): CatalogueSearch {
  return { q: word(search.q), group: word(search.group) }
}
