import { visible } from './visible'

/** Token is a part of a JSON text. word is a number, true, false or null. */
export interface Token {
  kind: 'plain' | 'key' | 'string' | 'word'
  text: string
}

const pattern = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

/** tokens cuts a JSON text into parts to colour; what is no JSON comes back as plain text. Nothing is left out. */
export function tokens(raw: string): Token[] {
  const text = visible(raw)
  const list: Token[] = []
  let at = 0
  for (const match of text.matchAll(pattern)) {
    if (match.index > at) list.push({ kind: 'plain', text: text.slice(at, match.index) })
    const [all, string, colon] = match
    if (string === undefined) list.push({ kind: 'word', text: all })
    else {
      list.push({ kind: colon ? 'key' : 'string', text: string })
      if (colon) list.push({ kind: 'plain', text: colon })
    }
    at = match.index + all.length
  }
  if (at < text.length) list.push({ kind: 'plain', text: text.slice(at) })
  return list
}
