import { SimpleGrid } from '@mantine/core'
import type { Schemas } from '@/api/client'
import { Ago } from '@/text/Ago'
import { bytes, full } from '@/text/number'
import { State } from '@/text/State'
import { Fact } from '../frame/Fact'

/** JournalNow shows how far the journal goes back, and how large it is. Its figures are for the operator's account alone. */
export function JournalNow({ report }: { report: Schemas['HealthReport'] }) {
  const { journal, lanes } = report
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }}>
      <Fact label="Takes events">
        {journal.ok ? <State value="yes" tone="good" /> : <State value="no" tone="bad" />}
      </Fact>
      {journal.oldest_time && (
        <Fact label="Oldest event">
          <Ago time={journal.oldest_time} />
        </Fact>
      )}
      {journal.bytes > 0 && <Fact label="Size on disk">{bytes(journal.bytes)}</Fact>}
      {journal.free_bytes > 0 && <Fact label="Free on its disk">{bytes(journal.free_bytes)}</Fact>}
      <Fact label="In the mailbox">
        <span className="numbers">{full(lanes.mailbox)}</span>
      </Fact>
      <Fact label="Parked for another attempt">
        <span className="numbers">{full(lanes.parked)}</span>
      </Fact>
      {journal.quarantined > 0 && (
        <Fact label="Damaged sections">
          <span className="numbers">{full(journal.quarantined)}</span>
        </Fact>
      )}
    </SimpleGrid>
  )
}
