/** mostBytes is how much one import may hold, in bytes; mostLines how many blocks. Both are the API's. */
export const mostBytes = 4 * 1024 * 1024
export const mostLines = 10_000

/** ImportBody is what goes over the wire. */
export interface ImportBody {
  type: 'text/plain' | 'text/csv' | 'application/json'
  text: string
}

/** bodyOf says of what kind a list is: JSON, CSV with a head or quotes, or plain lines. */
export function bodyOf(text: string): ImportBody {
  const first = text
    .replace(/^\ufeff/, '')
    .trimStart()
    .split(/\r?\n/, 1)[0]
    ?.trim()
  if (first?.startsWith('{')) return { type: 'application/json', text }
  if (first?.startsWith('[')) return { type: 'application/json', text: `{"items":${text}}` }
  const isHead = first
    ?.toLowerCase()
    .split(',')
    .some((name) => name.trim().replaceAll('"', '') === 'target')
  if (isHead || text.includes('"')) return { type: 'text/csv', text }
  return { type: 'text/plain', text }
}

/** withDefaults writes duration and reason behind the targets of a plain list that stand alone. */
export function withDefaults(body: ImportBody, ttl: string, reason: string): ImportBody {
  if (body.type !== 'text/plain' || (!ttl && !reason)) return body
  const text = body.text
    .split(/\r?\n/)
    .map((line) => {
      const target = line.trim()
      if (!target || target.startsWith('#') || target.startsWith(';') || target.includes(',')) return line
      const [alone = ''] = target.split(/\s+[#;]/, 1)
      return `${alone.trim()},${ttl},${reason.replaceAll(/[\r\n]+/g, ' ')}`
    })
    .join('\n')
  return { ...body, text }
}
