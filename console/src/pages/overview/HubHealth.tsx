import { Box, Group, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { $api, type Schemas } from '@/api/client'
import { Panel } from '@/page/Panel'
import { Loaded } from '@/state/Loaded'
import { Ago } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { bytes, full } from '@/text/number'
import { State } from '@/text/State'
import classes from './HubHealth.module.css'

/** lowDisk is what must be free on the journal's disk before the overview warns, in bytes. */
const lowDisk = 2 * 1024 ** 3

/** HubHealth says how the hub itself is: the journal, its disk, the store. */
export function HubHealth() {
  const query = $api.useQuery('get', '/api/v1/health')
  return (
    <Panel title="Hub" flush>
      <Box mih={210}>
        <Loaded query={query} lines={7}>
          {(report) => <Report report={report} />}
        </Loaded>
      </Box>
    </Panel>
  )
}

function Report({
  report: { journal, store, responders, status, uptime, version },
}: {
  report: Schemas['HealthReport']
}) {
  const low = journal.free_bytes < lowDisk
  return (
    <dl className={classes.list}>
      <Fact name="State">
        <State
          value={status === 'ok' ? 'taking events' : 'failing'}
          tone={status === 'ok' ? 'good' : 'bad'}
        />
      </Fact>
      {journal.error && (
        <Fact name="Why">
          <EventText c="error">{journal.error}</EventText>
        </Fact>
      )}
      <Fact name="Journal">
        {bytes(journal.bytes)} in {full(Math.max(0, journal.last_frame - journal.first_frame + 1))} frames
      </Fact>
      <Fact name="Oldest event">
        <Ago time={journal.oldest_time} none="the journal is empty" />
      </Fact>
      <Fact name="Disk free">
        <Text span inherit c={low ? 'error' : undefined}>
          {bytes(journal.free_bytes)}
          {low && ', low'}
        </Text>
      </Fact>
      <Fact name="Damaged sections">
        <Text span inherit c={journal.quarantined > 0 ? 'error' : undefined}>
          {journal.quarantined === 0 ? 'none' : full(journal.quarantined)}
        </Text>
      </Fact>
      <Fact name="Store">{store.ok ? 'writable' : <EventText c="error">{store.error}</EventText>}</Fact>
      <Fact name="Responders">
        {responders.total === 0
          ? 'none'
          : `${full(responders.total)}, ${responders.failing > 0 ? `${full(responders.failing)} failing` : 'all reachable'}`}
      </Fact>
      <Fact name="Version">
        <Group gap={6} wrap="nowrap" justify="flex-end" component="span">
          <span className="mono">{version}</span>
          <Text span size="xs" c="dimmed">
            up {uptime}
          </Text>
        </Group>
      </Fact>
    </dl>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className={classes.fact}>
      <dt>{name}</dt>
      <dd className="numbers">{children}</dd>
    </div>
  )
}
