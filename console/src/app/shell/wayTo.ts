const ways: [pattern: RegExp, href: (id: string) => string, what: string][] = [
  [/^alr_[a-z0-9]+$/, (id) => `/alerts/${id}`, 'The alert with this id'],
  [/^evt_[a-z0-9]+$/, (id) => `/events/${id}`, 'The event with this id'],
  [/^dlv_[a-z0-9]+$/, (id) => `/deliveries/${id}`, 'The delivery with this id'],
  [/^int_[a-z0-9]+$/, (id) => `/integrations/${id}`, 'The integration with this id'],
  [/^blk_[a-z0-9]+$/, (id) => `/blocks/${id}`, 'The block with this id'],
  [/^inc-[0-9]+$/i, (id) => `/incidents/${id.toUpperCase()}`, 'The incident with this number'],
]

/** wayTo is the page of the thing that an id names; undefined for what is no id. */
export function wayTo(text: string): { href: string; what: string } | undefined {
  for (const [pattern, href, what] of ways) if (pattern.test(text)) return { href: href(text), what }
  return undefined
}
