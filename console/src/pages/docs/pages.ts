// The handbook is the folder docs/ of the repository, each page a file of its own that is read when it is wanted.
const files = import.meta.glob<string>('../../../../docs/*.md', { query: '?raw', import: 'default' })

const byName = new Map(
  Object.entries(files).map(([path, read]) => [path.replace(/^.*\/([^/]+)\.md$/, '$1'), read] as const),
)
// The catalogue of events has pages of its own here, with samples.
byName.delete('events')

// What belongs together, in the order in which somebody new reads it. A page that is not named here comes last.
const order: [title: string, names: string[]][] = [
  ['Taking in', ['sources', 'dialects', 'syslog', 'hec', 'mapping']],
  [
    'Delivering',
    ['delivery', 'reliability', 'noise', 'payloads', 'projections', 'receivers', 'stream', 'expressions'],
  ],
  ['Responding', ['alerts', 'incidents', 'response', 'ticketing', 'callbacks', 'digests']],
  ['Governing', ['accounts', 'access', 'secrets', 'audit', 'egress']],
  ['Running', ['console', 'running', 'configuration', 'backup', 'tracing', 'measurements', 'cli']],
]

/** handbook lists the pages of the handbook by part. */
export function handbook(): { title: string; names: string[] }[] {
  const named = new Set(order.flatMap(([, names]) => names))
  const rest = [...byName.keys()].filter((name) => !named.has(name)).sort()
  return [...order, ['More', rest] as [string, string[]]]
    .map(([title, names]) => ({ title, names: names.filter((name) => byName.has(name)) }))
    .filter(({ names }) => names.length > 0)
}

/** readPage reads a page of the handbook; undefined if there is none of this name. */
export const readPage = async (name: string): Promise<string | null> => (await byName.get(name)?.()) ?? null
