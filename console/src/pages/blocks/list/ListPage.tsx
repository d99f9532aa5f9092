import { Button } from '@mantine/core'
import { IconPlus, IconShieldLock, IconShieldOff } from '@tabler/icons-react'
import { useMemo } from 'react'
import { BlockDialog } from '@/blocking/BlockDialog'
import { Instead } from '@/page/Instead'
import { useCan } from '@/session/me'
import { Empty } from '@/state/Empty'
import { useSelection } from '@/table/selection'
import { VirtualTable } from '@/table/VirtualTable'
import { BlocksFrame } from '../frame/BlocksFrame'
import { listRoute } from '../route'
import type { Block } from '../words'
import { BulkBar } from './BulkBar'
import { BlockCard, blockColumns } from './columns'
import { BlockFilters } from './Filters'
import { ListMenu } from './ListMenu'
import { countOf, isFiltered } from './search'
import { useBlocks, useCounts } from './useBlocks'
import { Views } from './Views'

/** ListPage shows what is blocked, what waits for approval, and what has ended. */
export function ListPage() {
  const search = listRoute.useSearch()
  const navigate = listRoute.useNavigate()
  const mayBlock = useCan('blocks:write')
  const list = useBlocks(search)
  const counts = useCounts()
  const { plan, ...filter } = search
  const selection = useSelection(JSON.stringify(filter))
  const chosen = useMemo(
    () => list.rows.filter((block) => selection.has(block.id ?? '')),
    [list.rows, selection],
  )
  const change = (next: Partial<typeof search>, replace = false) =>
    void navigate({ search: { ...search, ...next }, replace })
  const narrowed = isFiltered(search)
  return (
    <BlocksFrame
      at="/blocks"
      fill
      about="Blocked addresses: for how long, why, and which responders confirm it."
      actions={
        <>
          <ListMenu search={search} />
          {mayBlock && (
            <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => change({ plan: '' })}>
              Block an address
            </Button>
          )}
        </>
      }
    >
      <Views
        value={search.view ?? 'open'}
        counts={counts.data?.blocks}
        onChange={(view) => change({ view: view === 'open' ? undefined : view })}
      />
      <Instead
        of={<BlockFilters search={search} change={change} />}
        show={chosen.length > 0 && <BulkBar chosen={chosen} clear={selection.clear} />}
      />
      <VirtualTable<Block>
        label="Blocks"
        rows={list.rows}
        columns={blockColumns}
        rowID={(block) => block.id ?? ''}
        rowName={(block) => `Block of ${block.target}`}
        card={(block) => <BlockCard block={block} />}
        open={(block) => void navigate({ to: '/blocks/$id', params: { id: block.id ?? '' } })}
        selection={mayBlock ? selection : undefined}
        loading={list.loading}
        error={list.error}
        retry={list.retry}
        hasMore={list.hasMore}
        loadingMore={list.loadingMore}
        loadMore={list.loadMore}
        total={narrowed ? undefined : countOf(search.view ?? 'open', counts.data?.blocks)}
        empty={
          narrowed ? (
            <Empty icon={IconShieldOff} title="No block matches" text="Nothing matches these filters.">
              <Button variant="light" onClick={() => void navigate({ search: { view: search.view } })}>
                Clear the filters
              </Button>
            </Empty>
          ) : (
            <NoBlocks view={search.view ?? 'open'} add={mayBlock ? () => change({ plan: '' }) : undefined} />
          )
        }
      />
      {mayBlock && plan !== undefined && (
        <BlockDialog key={plan} target={plan || undefined} onDone={() => change({ plan: undefined }, true)} />
      )}
    </BlocksFrame>
  )
}

const nothing: Record<string, [title: string, text: string]> = {
  open: [
    'Nothing is blocked',
    'Block an address or a range: you see first what would change where, and nothing happens before you say so.',
  ],
  active: ['No block is active', 'What is blocked is listed here, with the proof of where it is in force.'],
  pending: [
    'Nothing waits for approval',
    'Requests that the policy wants a second person for are listed here until somebody decides.',
  ],
  ended: ['No block has ended yet', 'Blocks that have ended can be looked up here for 90 days.'],
  all: ['There has been no block yet', 'Block an address or a range to begin.'],
}

function NoBlocks({ view, add }: { view: string; add?: () => void }) {
  const [title, text] = nothing[view] ?? ['Nothing is blocked', '']
  return (
    <Empty icon={IconShieldLock} title={title} text={text}>
      {add && view !== 'pending' && view !== 'ended' && <Button onClick={add}>Block an address</Button>}
    </Empty>
  )
}
