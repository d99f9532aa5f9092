/** Shown is a body as it is shown: JSON with line ends, or as it is. */
export interface Shown {
  text: string
  json: boolean
}

/** shownBody lays a body out for people, if it is JSON. Numbers and names stay as they were sent: only room is added. */
export function shownBody(body: string): Shown {
  const start = body.trimStart()[0]
  if (start !== '{' && start !== '[') return { text: body, json: false }
  try {
    JSON.parse(body)
  } catch {
    return { text: body, json: false }
  }
  return { text: indent(body), json: true }
}

/** saysJson says whether headers call what comes with them JSON, as they do of a body that was cut, too. */
export function saysJson(headers: Record<string, string> | null | undefined): boolean {
  const [, type = ''] =
    Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === 'content-type') ?? []
  return /^[^;]*[/+](x-nd|nd)?json\b/i.test(type)
}

/** indent adds line ends and room to JSON without reading its values, so that a large number stays what it is. */
export function indent(json: string): string {
  let out = ''
  let depth = 0
  let inText = false
  for (let i = 0; i < json.length; i++) {
    const c = json[i] ?? ''
    if (inText) {
      out += c
      if (c === '\\') out += json[++i] ?? ''
      else if (c === '"') inText = false
      continue
    }
    if (c === '"') {
      inText = true
      out += c
    } else if (c === '{' || c === '[') {
      const end = /^\s*[}\]]/.exec(json.slice(i + 1, i + 40))
      if (end) {
        out += c + (c === '{' ? '}' : ']')
        i += end[0].length
      } else out += `${c}\n${'  '.repeat(++depth)}`
    } else if (c === '}' || c === ']') out += `\n${'  '.repeat(--depth)}${c}`
    else if (c === ',') out += `,\n${'  '.repeat(depth)}`
    else if (c === ':') out += ': '
    else if (!/\s/.test(c)) out += c
  }
  return out
}
