/** Choices is what a help text says of a field with choices: the introduction, and a sentence for some of the choices. */
export interface Choices {
  intro: string
  each: Record<string, string>
}

/**
 * choicesOf takes apart a help text that explains choices as "native: the whole event. cef: one line of text." So each can be
 * explained where it is chosen. A text that explains none is all introduction.
 */
export function choicesOf(help: string, choices: readonly string[]): Choices {
  const names = choices.filter((name) => name !== '').map(quoted)
  if (names.length === 0) return { intro: help, each: {} }
  const starts = [...help.matchAll(new RegExp(`(?:^|[.;,]\\s+)(${names.join('|')}): `, 'g'))]
  if (starts.length === 0) return { intro: help, each: {} }
  const each: Record<string, string> = {}
  starts.forEach((start, i) => {
    const end = starts[i + 1]
    const from = start.index + start[0].length
    each[start[1] ?? ''] = sentence(help.slice(from, end ? end.index + 1 : undefined))
  })
  const [first] = starts
  const intro = first ? help.slice(0, first.index + 1).trim() : help
  return { intro: intro.length > 1 ? intro : '', each }
}

const quoted = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

function sentence(text: string): string {
  const trimmed = text.trim().replace(/[;,]$/, '')
  return trimmed.charAt(0).toUpperCase() + trimmed.slice(1)
}
