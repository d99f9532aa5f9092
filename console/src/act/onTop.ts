/**
 * onTop puts what somebody changed on top of a newer state: fields that they left as they were become what they are now.
 * before is what they began with, mine what they made of it.
 */
export function onTop<V extends object>(before: V, mine: V, newer: V): V {
  const merged = { ...newer } as Record<string, unknown>
  const [old, own] = [before as Record<string, unknown>, mine as Record<string, unknown>]
  for (const name of new Set([...Object.keys(old), ...Object.keys(own)])) {
    if (JSON.stringify(old[name]) === JSON.stringify(own[name])) continue
    if (own[name] === undefined) delete merged[name]
    else merged[name] = own[name]
  }
  return merged as V
}
