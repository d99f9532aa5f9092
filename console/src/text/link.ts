/** safeHref gives an address that may be opened: http and https only, nothing relative; undefined for all else. */
export function safeHref(text: string | undefined): string | undefined {
  if (!text) return undefined
  try {
    const url = new URL(text)
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : undefined
  } catch {
    return undefined
  }
}
