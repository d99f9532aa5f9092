/** monogram is two letters of a connector's title, by which the eye finds it among others: of two words one each. */
export function monogram(title: string): string {
  // A capital within a word begins another: "PagerDuty" is two.
  const words = title.match(/\p{Lu}?[\p{Ll}\d]+|\p{Lu}+(?!\p{Ll})|\d+/gu) ?? []
  const [first = title, second] = words
  const letters = second ? (first[0] ?? '') + (second[0] ?? '') : first.slice(0, 2)
  return letters.charAt(0).toUpperCase() + letters.slice(1)
}
