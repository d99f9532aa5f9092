type Raw = Record<string, unknown>

/**
 * onlyKnown makes a route see nothing of an address's search but what read takes from it. The router lays what a route reads
 * over what stands there: a value that read leaves out, as it makes no sense, would come back as it was.
 */
export const onlyKnown =
  <T extends object>(read: (raw: Raw) => T) =>
  (raw: Raw): T => ({
    ...Object.fromEntries(Object.keys(raw).map((name) => [name, undefined])),
    ...read(raw),
  })
