import { Alert, Button, Code, Group, SegmentedControl, Select, Stack, Text, TextInput } from '@mantine/core'
import { IconEye } from '@tabler/icons-react'
import { useState } from 'react'
import { failed } from '@/act/notify'
import { $api, api, type Schemas } from '@/api/client'
import { asProblem } from '@/api/problem'
import { RequestView } from '@/exchange/Exchange'
import { delivers } from '@/integration/capabilities'
import { Panel } from '@/page/Panel'
import { useCan } from '@/session/me'
import { EventText } from '@/text/EventText'
import { visible } from '@/text/visible'
import { TestPanel, useSampleTypes } from '../trying/TestPanel'
import trying from '../trying/Trying.module.css'
import type { Shown } from './data'

/** TestTab proves that an integration works, and shows what an event would look like at its receiver. */
export function TestTab({ integration, connector }: Shown) {
  const write = useCan('integrations:write')
  const events = delivers(connector)
  const test = async (eventType: string | undefined) => {
    try {
      const { data } = await api.POST('/api/v1/integrations/{id}/test', {
        params: { path: { id: integration.id } },
        body: { event_type: eventType },
      })
      return data
    } catch (thrown) {
      failed('Testing', thrown)
      return undefined
    }
  }
  if (!write)
    return (
      <Alert color="yellow" variant="light">
        <Text size="sm">Testing needs the scope integrations:write.</Text>
      </Alert>
    )
  return (
    <Stack gap="sm">
      <Panel title="Test">
        <TestPanel run={test} sends={events} />
      </Panel>
      {events && <PreviewPanel integration={integration} />}
    </Stack>
  )
}

/** recent is how many of the newest events are offered. */
const recent = 50

function PreviewPanel({ integration }: { integration: Schemas['Integration'] }) {
  const [from, setFrom] = useState<'sample' | 'event'>('sample')
  const [type, setType] = useState('alert.created')
  const [event, setEvent] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState('')
  const [preview, setPreview] = useState<Schemas['Preview'] | undefined>()
  const types = useSampleTypes(true)
  const show = async () => {
    setBusy(true)
    setError('')
    try {
      const { data } = await api.POST('/api/v1/integrations/{id}/preview', {
        params: { path: { id: integration.id } },
        body: from === 'sample' ? { event_type: type } : { event_id: event.trim() },
      })
      setPreview(data)
    } catch (thrown) {
      setPreview(undefined)
      setError(asProblem(thrown).message)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Panel title="Preview">
      <Stack gap="md">
        <Text size="sm" c="dimmed">
          Shows the request that an event would be delivered with. Nothing is sent.
        </Text>
        <Group align="flex-end" gap="sm">
          <SegmentedControl
            aria-label="Which event"
            data={[
              { value: 'sample', label: 'A sample' },
              { value: 'event', label: 'A real event' },
            ]}
            value={from}
            onChange={(next) => setFrom(next as typeof from)}
          />
          {from === 'sample' ? (
            <Select
              label="Type"
              data={types}
              value={type}
              onChange={(next) => setType(next ?? 'alert.created')}
              searchable
              allowDeselect={false}
              limit={200}
              w={260}
            />
          ) : (
            <RecentEvent value={event} onChange={setEvent} />
          )}
          <Button
            variant="light"
            leftSection={<IconEye size={16} aria-hidden />}
            loading={busy}
            disabled={from === 'event' && !event.trim()}
            onClick={() => void show()}
          >
            Preview
          </Button>
        </Group>
        <div aria-live="polite" className={trying.live}>
          {error && (
            <Alert color="red" variant="light" role="alert">
              <EventText size="sm">{error}</EventText>
            </Alert>
          )}
          {preview && (
            <Stack gap="xs">
              <Text size="sm">
                {preview.wanted ? (
                  'The subscription wants this event.'
                ) : (
                  <>
                    The subscription does not want this event: <EventText>{preview.why}</EventText>
                  </>
                )}
              </Text>
              {preview.notes?.map((note) => (
                <Text size="xs" c="dimmed" key={note}>
                  <EventText>{note}</EventText>
                </Text>
              ))}
              <RequestView request={preview.request} />
              <Text size="xs" c="dimmed">
                Secrets are shown as <Code>********</Code>.
              </Text>
            </Stack>
          )}
        </div>
      </Stack>
    </Panel>
  )
}

/** RecentEvent takes one of the newest events, or any by its id. */
function RecentEvent({ value, onChange }: { value: string; onChange: (id: string) => void }) {
  const reads = useCan('events:read')
  const events = $api.useQuery(
    'get',
    '/api/v1/events',
    { params: { query: { limit: recent } } },
    { enabled: reads },
  )
  const options = (events.data?.items ?? []).map((each) => ({
    value: each.id,
    label: visible(`${each.title || each.type} · ${each.type}`).slice(0, 120),
  }))
  return (
    <Group align="flex-end" gap="xs">
      {reads && (
        <Select
          label="One of the newest"
          placeholder="Choose an event"
          data={options}
          value={options.some((each) => each.value === value) ? value : null}
          onChange={(next) => onChange(next ?? '')}
          searchable
          w={320}
        />
      )}
      <TextInput
        label="Its id"
        placeholder="evt_…"
        maxLength={64}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        w={300}
      />
    </Group>
  )
}
