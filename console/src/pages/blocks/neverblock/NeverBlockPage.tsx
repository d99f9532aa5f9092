import { Button, SegmentedControl, Text } from '@mantine/core'
import { IconPlus, IconShieldCheck } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import { useCan } from '@/session/me'
import { Empty } from '@/state/Empty'
import { VirtualTable } from '@/table/VirtualTable'
import { BlocksFrame } from '../frame/BlocksFrame'
import { AddDialog } from './AddDialog'
import { CheckPanel } from './CheckPanel'
import { ExemptCard, exemptColumns } from './columns'
import { type Exempt, useNeverBlock } from './useNeverBlock'

/** NeverBlockPage shows what no block ever touches, and why. */
export function NeverBlockPage() {
  const mayChange = useCan('blocks:approve')
  const [all, setAll] = useState(true)
  const [adding, setAdding] = useState(false)
  const list = useNeverBlock(all)
  const columns = useMemo(() => exemptColumns(mayChange), [mayChange])
  return (
    <BlocksFrame
      at="/blocks/never-block"
      fill
      about="No block touches these: none inside, none around them; not by a person, a rule or an approval."
      actions={
        mayChange && (
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
            Add a range
          </Button>
        )
      }
    >
      <CheckPanel />
      <SegmentedControl
        size="xs"
        aria-label="Which entries"
        value={all ? 'all' : 'own'}
        onChange={(value) => setAll(value === 'all')}
        data={[
          { value: 'all', label: 'Everything exempt' },
          { value: 'own', label: 'Only added here' },
        ]}
        style={{ alignSelf: 'flex-start', flexShrink: 0 }}
      />
      <VirtualTable<Exempt>
        label="Never-block list"
        rows={list.rows}
        columns={columns}
        rowID={(entry) => `${entry.source} ${entry.target} ${entry.id ?? ''} ${entry.account ?? ''}`}
        rowName={(entry) => entry.target}
        card={(entry) => <ExemptCard entry={entry} mayChange={mayChange} />}
        loading={list.loading}
        error={list.error}
        retry={list.retry}
        hasMore={list.hasMore}
        loadingMore={list.loadingMore}
        loadMore={list.loadMore}
        empty={
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
            {mayChange && <Button onClick={() => setAdding(true)}>Add a range</Button>}
          </Empty>
        }
      />
      <AddDialog opened={adding} close={() => setAdding(false)} />
    </BlocksFrame>
  )
}
