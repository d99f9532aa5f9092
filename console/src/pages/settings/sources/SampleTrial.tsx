import { Button, Group, Stack, Text, Textarea } from '@mantine/core'
import { IconPlayerPlay } from '@tabler/icons-react'
import { useState } from 'react'
import { api, type Schemas } from '@/api/client'
import { asProblem } from '@/api/problem'
import { EventText } from '@/text/EventText'
import { Json } from '@/text/Json'
import { count, full } from '@/text/number'
import { Severity } from '@/text/Severity'
import { readSample } from './sample'

/** shownEvents is how many events of a sample are shown whole. */
const shownEvents = 5

/** SampleTrial reads a sample as the source would. Nothing is taken. */
export function SampleTrial({ source }: { source: Schemas['SourceEndpoint'] }) {
  const [text, setText] = useState('')
  const [tried, setTried] = useState<Schemas['SourceTried']>()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState('')
  const run = async () => {
    setBusy(true)
    setError('')
    setTried(undefined)
    try {
      const { data } = await api.POST('/api/v1/sources/{id}/test', {
        params: { path: { id: source.id } },
        body: { sample: readSample(text) },
      })
      setTried(data)
    } catch (thrown) {
      setError(asProblem(thrown).message)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Stack gap="sm">
      <Textarea
        label="What the tool would send"
        description="A body of it, from its documentation or its log. Nothing is taken, and no signature is needed."
        placeholder={'{ … }'}
        autosize
        minRows={6}
        maxRows={16}
        maxLength={500_000}
        spellCheck={false}
        classNames={{ input: 'mono' }}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        error={error || undefined}
      />
      <Group justify="flex-end">
        <Button
          variant="light"
          loading={busy}
          disabled={text.trim() === ''}
          leftSection={<IconPlayerPlay size={16} aria-hidden />}
          onClick={() => void run()}
        >
          Read it
        </Button>
      </Group>
      {tried && (
        <Stack gap="sm" role="region" aria-label="What it would make">
          <Text size="sm">
            It would make {count(tried.accepted, 'event')}
            {tried.rejected_total > 0 && `, and ${full(tried.rejected_total)} would not be taken`}.
          </Text>
          {tried.rejected.slice(0, shownEvents).map((each) => (
            <Text key={each.index} size="sm" c="var(--tocsin-bad)">
              {`Number ${each.index + 1}: `}
              <EventText inherit>{each.error}</EventText>
            </Text>
          ))}
          {tried.events.slice(0, shownEvents).map((event) => (
            <Stack gap={4} key={event.id}>
              <Group gap="sm">
                <Severity value={event.severity} />
                <Text size="sm" fw={600}>
                  <EventText inherit>{event.title ?? event.type}</EventText>
                </Text>
              </Group>
              <Json value={event} label={event.type} maxHeight={260} />
            </Stack>
          ))}
          {tried.events.length > shownEvents && (
            <Text size="xs" c="dimmed">
              The first {shownEvents} are shown.
            </Text>
          )}
        </Stack>
      )}
    </Stack>
  )
}
