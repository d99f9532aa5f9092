/** Block is a part of a Markdown document: prose for the Markdown reader, or a table (GFM), which that does not know. */
export type Block = { kind: 'prose'; text: string } | { kind: 'table'; head: string[]; rows: string[][] }

/** blocksOf cuts a document into prose and tables. What stands in fenced code is prose, whatever it looks like. */
export function blocksOf(document: string): Block[] {
  const lines = document.split('\n')
  const blocks: Block[] = []
  let prose: string[] = []
  let fence = ''
  const flush = () => {
    if (prose.some((line) => line.trim() !== '')) blocks.push({ kind: 'prose', text: prose.join('\n') })
    prose = []
  }
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? ''
    const [, mark] = /^\s*(```+|~~~+)/.exec(line) ?? []
    if (mark) fence = fence === '' ? mark : mark.startsWith(fence) ? '' : fence
    if (fence !== '' || mark || !beginsTable(line, lines[i + 1])) {
      prose.push(line)
      continue
    }
    flush()
    const head = cellsOf(line)
    const rows: string[][] = []
    for (i += 2; i < lines.length && (lines[i] ?? '').includes('|'); i++) {
      const cells = cellsOf(lines[i] ?? '')
      rows.push(head.map((_, at) => cells[at] ?? ''))
    }
    i-- // the line after the table is looked at again
    blocks.push({ kind: 'table', head, rows })
  }
  flush()
  return blocks
}

/** beginsTable: a table is a line with bars, and one below it of as many cells of dashes. */
function beginsTable(line: string, next: string | undefined): boolean {
  if (!line.includes('|') || !next || !/^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/.test(next)) return false
  return cellsOf(line).length === cellsOf(next).length
}

/** cellsOf cuts a line of a table; a bar with a backslash before it belongs to its cell, also in code. */
function cellsOf(line: string): string[] {
  const inner = line
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '')
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'))
}
