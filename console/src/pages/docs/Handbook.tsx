import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { Guide } from '@/guide/Guide'
import { Empty } from '@/state/Empty'
import { Loaded } from '@/state/Loaded'
import { handbook, readPage } from './pages'
import { Shelf } from './Shelf'

const names: Record<string, string> = { cli: 'Command line', hec: 'Splunk HEC', noise: 'Noise control' }
const nameOf = (page: string) => names[page] ?? (page[0]?.toUpperCase() ?? '') + page.slice(1)

const groups = handbook().map(({ title, names: pages }) => ({
  title,
  entries: pages.map((page) => ({
    id: page,
    label: nameOf(page),
    words: `${page} ${nameOf(page)} ${title}`,
  })),
}))

/** firstPage is shown until somebody chooses one. */
const firstPage = 'console'

/** Handbook is how the hub works, as its version has it; it needs no connection to anywhere else. */
export function Handbook() {
  const { page } = useParams({ from: '/shell/docs/handbook/{-$page}' })
  const shown = page ?? firstPage
  return (
    <Shelf base="/docs/handbook" name="Handbook" groups={groups} chosen={page}>
      <HandbookPage key={shown} page={shown} />
    </Shelf>
  )
}

function HandbookPage({ page }: { page: string }) {
  const query = useQuery({
    queryKey: ['handbook', page],
    queryFn: () => readPage(page),
    staleTime: Number.POSITIVE_INFINITY,
  })
  return (
    <Loaded query={query} lines={14}>
      {(text) => (text === null ? <Empty title="The handbook has no such page" /> : <Guide text={text} />)}
    </Loaded>
  )
}
