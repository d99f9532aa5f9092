/** Placed is a rule and where it runs. */
export interface Placed {
  id: string
  position: number
}

/** step is how far apart rules are put when there is no room between two. */
const step = 10

/**
 * moved says which positions change when the rule at one place of the list goes to another: the rule's alone where there
 * is room between its new neighbours, and otherwise those of all rules that must make room. rules are in order.
 */
export function moved(rules: readonly Placed[], from: number, to: number): Placed[] {
  const rule = rules[from]
  if (!rule || from === to || to < 0 || to >= rules.length) return []
  const order = rules.filter((each) => each !== rule)
  order.splice(to, 0, rule)
  const before = order[to - 1]?.position ?? -1
  const after = order[to + 1]?.position ?? before + 2 * step
  if (after - before >= 2) return [{ id: rule.id, position: Math.floor((before + after) / 2) }]
  return order
    .map((each, i) => ({ id: each.id, position: (i + 1) * step }))
    .filter((each) => rules.find((old) => old.id === each.id)?.position !== each.position)
}
