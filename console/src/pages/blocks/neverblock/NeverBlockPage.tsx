import { Box, Button, Group, SegmentedControl, Text } from '@mantine/core'
import { IconPlus, IconSearch, IconShieldCheck } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import { TextFilter } from '@/filters/TextFilter'
import { useCan } from '@/session/me'
import { Empty } from '@/state/Empty'
import { VirtualTable } from '@/table/VirtualTable'
import { full } from '@/text/number'
import { BlocksFrame } from '../frame/BlocksFrame'
import { neverBlockRoute } from '../route'
import { AddDialog } from './AddDialog'
import { CheckPanel } from './CheckPanel'
import { ExemptCard, exemptColumns } from './columns'
import { withText } from './search'
import { type Exempt, useNeverBlock } from './useNeverBlock'

/** NeverBlockPage shows what no block ever touches, and why. */
export function NeverBlockPage() {
  const mayChange = useCan('blocks:approve')
  const [all, setAll] = useState(true)
  const [adding, setAdding] = useState(false)
  const { q = '', check } = neverBlockRoute.useSearch()
  const navigate = neverBlockRoute.useNavigate()
  const list = useNeverBlock(all, q !== '')
  const rows = useMemo(() => withText(list.rows, q), [list.rows, q])
  const filter = (text: string | undefined) => void navigate({ search: { check, q: text }, replace: true })
  const columns = useMemo(() => exemptColumns(mayChange), [mayChange])
  return (
    <BlocksFrame
      at="/blocks/never-block"
      fill
      about="No block touches these: none inside, none around them; not by a person, a rule or an approval."
      actions={
        mayChange && (
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
            Add range
          </Button>
        )
      }
    >
      <CheckPanel />
      <Group gap="xs" component="search" style={{ flexShrink: 0 }}>
        <SegmentedControl
          size="xs"
          aria-label="Which entries"
          value={all ? 'all' : 'own'}
          onChange={(value) => setAll(value === 'all')}
          data={[
            { value: 'all', label: 'Everything exempt' },
            { value: 'own', label: 'Only added here' },
          ]}
        />
        <Box flex="1 1 220px" maw={380}>
          <TextFilter
            label="Search in the list"
            placeholder="Range, reason, origin or author"
            value={q}
            onChange={filter}
            maxLength={200}
            icon={<IconSearch size={14} aria-hidden />}
          />
        </Box>
        {q && !list.loading && !list.reading && (
          <Text size="sm" c="dimmed" className="numbers" role="status">
            {full(rows.length)} of {full(list.rows.length)}
          </Text>
        )}
      </Group>
      <VirtualTable<Exempt>
        label="Never-block list"
        rows={rows}
        columns={columns}
        rowID={(entry) => `${entry.source} ${entry.target} ${entry.id ?? ''} ${entry.account ?? ''}`}
        rowName={(entry) => entry.target}
        card={(entry) => <ExemptCard entry={entry} mayChange={mayChange} />}
        loading={list.loading || (rows.length === 0 && list.reading)}
        error={list.error}
        retry={list.retry}
        hasMore={list.hasMore}
        loadingMore={list.loadingMore}
        loadMore={list.loadMore}
        empty={
          q ? (
            <Empty
              icon={IconShieldCheck}
              title="No entry matches"
              text="Whether an address is within an entry is said above."
            >
              <Button variant="light" onClick={() => filter(undefined)}>
                Clear the search
              </Button>
            </Empty>
          ) : (
            <Empty
              icon={IconShieldCheck}
              title="Nobody has added a range yet"
              text={
                <Text inherit>
                  Add what must never be cut off: your offices, partners, scanners and health checks. Private
                  ranges, resolvers and the hub itself are exempt anyway.
                </Text>
              }
            >
              {mayChange && <Button onClick={() => setAdding(true)}>Add range</Button>}
            </Empty>
          )
        }
      />
      <AddDialog opened={adding} close={() => setAdding(false)} />
    </BlocksFrame>
  )
}
