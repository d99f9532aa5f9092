import { Alert, Button, Group, Stack, Table, Text } from '@mantine/core'
import { IconPhoneIncoming, IconRefresh } from '@tabler/icons-react'
import { useState } from 'react'
import { done, failed } from '@/act/notify'
import { $api, api, type Schemas } from '@/api/client'
import { Cause } from '@/delivery/Cause'
import { reconciles } from '@/integration/capabilities'
import { Panel } from '@/page/Panel'
import { useCan } from '@/session/me'
import { Empty } from '@/state/Empty'
import { Loaded } from '@/state/Loaded'
import { Ago } from '@/text/Ago'
import { Copy } from '@/text/Copy'
import { EventText } from '@/text/EventText'
import { count, full, milliseconds } from '@/text/number'
import { State } from '@/text/State'
import type { Shown } from './data'
import classes from './One.module.css'

/** CallsTab shows the vendor's calls and what the last look at its side brought. */
export function CallsTab({ integration, connector }: Shown) {
  const write = useCan('deliveries:write')
  const [busy, setBusy] = useState(false)
  const calls = $api.useQuery('get', '/api/v1/integrations/{id}/callbacks', {
    params: { path: { id: integration.id } },
  })
  const look = async () => {
    setBusy(true)
    try {
      const { data } = await api.POST('/api/v1/integrations/{id}/sync', {
        params: { path: { id: integration.id } },
      })
      if (data?.ok) done(`Looked: ${count(data.found, 'change')} found, ${data.done} brought over.`)
      else failed('Looking at the vendor’s side', new Error(data?.error ?? 'It did not say why.'))
    } catch (thrown) {
      failed('Looking at the vendor’s side', thrown)
    } finally {
      setBusy(false)
      await calls.refetch()
    }
  }
  return (
    <Stack gap="sm">
      {integration.callback_url && (
        <Panel title="Where the vendor calls">
          <Group gap={6} wrap="nowrap">
            <Text ff="monospace" size="sm" style={{ overflowWrap: 'anywhere' }}>
              {integration.callback_url}
            </Text>
            <Copy text={integration.callback_url} what="the address" />
          </Group>
          {!/^https?:/.test(integration.callback_url) && (
            <Text size="xs" c="dimmed" mt={6}>
              The hub has no public_url, so that this is the path alone. Put the hub’s address in front of it.
            </Text>
          )}
        </Panel>
      )}
      <Panel
        flush
        title="Calls received"
        actions={
          <Group gap="xs">
            <Button
              size="compact-sm"
              variant="subtle"
              leftSection={<IconRefresh size={14} aria-hidden />}
              loading={calls.isFetching && !calls.isPending}
              onClick={() => void calls.refetch()}
            >
              Read again
            </Button>
            {reconciles(connector) && write && (
              <Button size="compact-sm" variant="light" loading={busy} onClick={() => void look()}>
                Look now
              </Button>
            )}
          </Group>
        }
      >
        <Loaded query={calls}>{(data) => <Calls view={data} />}</Loaded>
      </Panel>
    </Stack>
  )
}

function Calls({ view }: { view: Schemas['CallView'] }) {
  const { counts, sync, untold } = view
  return (
    <Stack gap="sm" pb="md">
      <Text size="sm" px="md" className="numbers">
        {count(counts.calls, 'call')} since <Ago time={view.since} />: {full(counts.done)} done,{' '}
        {full(counts.refused)} refused, {full(counts.failed)} failed.
        {sync &&
          (sync.last ? (
            <>
              {' '}
              Checked <Ago time={sync.last.at} />: {full(sync.last.found)} found, {full(sync.last.done)}{' '}
              brought over.
            </>
          ) : (
            ' Not checked yet.'
          ))}
      </Text>
      {(sync?.last?.error || untold) && (
        <Alert color="red" variant="light" mx="md" py="xs">
          <Cause cause={sync?.last?.error || untold?.error || ''} size="sm" lines={4} />
        </Alert>
      )}
      <Lines lines={[...view.calls, ...view.refused]} />
    </Stack>
  )
}

function Lines({ lines }: { lines: Schemas['CallLine'][] }) {
  if (lines.length === 0)
    return (
      <Empty
        icon={IconPhoneIncoming}
        title="No call has come yet"
        text="Tell the vendor the address above; its guide says where."
      />
    )
  return (
    <div className={classes.lines}>
      <Table verticalSpacing={7} horizontalSpacing="md" aria-label="The vendor’s calls">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Time</Table.Th>
            <Table.Th>Outcome</Table.Th>
            <Table.Th>What</Table.Th>
            <Table.Th ta="right">Duration</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {lines.map((line, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: calls have no id, and two may come at one time
            <Table.Tr key={i}>
              <Table.Td>
                <Ago time={line.at} />
              </Table.Td>
              <Table.Td>
                <State value={line.outcome} />
              </Table.Td>
              <Table.Td>
                <EventText size="sm">{line.error || line.note || `${line.wishes.length} wishes`}</EventText>
              </Table.Td>
              <Table.Td ta="right" className="numbers">
                {milliseconds(line.took_ms)}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  )
}
