import { Alert, Button, Group, Select, Stack, Text, Title } from '@mantine/core'
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconCircleX,
  IconSend,
  IconShieldCheck,
} from '@tabler/icons-react'
import { useState } from 'react'
import { $api, type Schemas } from '@/api/client'
import { Cause } from '@/delivery/Cause'
import { RequestView, ResponseView } from '@/exchange/Exchange'
import { grades } from '@/integration/capabilities'
import { EventText } from '@/text/EventText'
import { milliseconds } from '@/text/number'
import classes from './Trying.module.css'

/** Run tries; undefined if it could not be tried, which its caller tells. */
type Run = (eventType: string | undefined) => Promise<Schemas['TestResult'] | undefined>

/** TestPanel proves credentials, which alerts nobody, or sends a sample, and shows what went over the wire and came back. */
export function TestPanel({ run, sends, disabled }: { run: Run; sends: boolean; disabled?: string }) {
  const [busy, setBusy] = useState<'prove' | 'send' | undefined>()
  const [result, setResult] = useState<Schemas['TestResult'] | undefined>()
  const [type, setType] = useState('alert.created')
  const types = useSampleTypes(sends)
  const start = async (what: 'prove' | 'send') => {
    setBusy(what)
    try {
      setResult(await run(what === 'send' ? type : undefined))
    } finally {
      setBusy(undefined)
    }
  }
  return (
    <Stack gap="md">
      <Group align="flex-end" gap="sm">
        <Button
          variant="light"
          leftSection={<IconShieldCheck size={16} aria-hidden />}
          loading={busy === 'prove'}
          disabled={busy !== undefined || Boolean(disabled)}
          title={disabled}
          onClick={() => void start('prove')}
        >
          Check the credentials
        </Button>
        {sends && (
          <Group gap={6} align="flex-end">
            <Select
              label="Sample"
              data={types}
              value={type}
              onChange={(next) => setType(next ?? 'alert.created')}
              searchable
              allowDeselect={false}
              limit={200}
              w={240}
              size="sm"
            />
            <Button
              variant="default"
              leftSection={<IconSend size={16} aria-hidden />}
              loading={busy === 'send'}
              disabled={busy !== undefined || Boolean(disabled)}
              title={disabled}
              onClick={() => void start('send')}
            >
              Send this sample
            </Button>
          </Group>
        )}
      </Group>
      <Text size="xs" c="dimmed">
        Checking the credentials alerts nobody.
        {sends &&
          ' A sample is really sent: its title begins with [Test message] and it has the tag test, so that people can tell.'}
      </Text>
      <div aria-live="polite" className={classes.live}>
        {result && <TestOutcome result={result} />}
      </div>
    </Stack>
  )
}

/** useSampleTypes are the types of which there is a sample. */
export function useSampleTypes(enabled: boolean): string[] {
  const types = $api.useQuery('get', '/api/v1/event-types', {}, { staleTime: 5 * 60_000, enabled })
  return types.data?.items.map((each) => each.name) ?? ['alert.created']
}

const leastError = 400 // the first status that is no success (RFC 9110 section 15)

/** verdictOf says what a test has shown: a receiver that was reached, and could not say more, has not been proven to work. */
function verdictOf({ ok, response }: Schemas['TestResult']) {
  if (!ok) return { title: 'It does not work', color: 'red', icon: IconCircleX }
  if (response && response.status >= leastError)
    return {
      title: 'Reached, but not verified',
      color: 'yellow',
      icon: IconAlertTriangle,
      more: `It answered ${response.status} to a request without an event, as many receivers do. Send a sample to be sure.`,
    }
  return { title: 'It works', color: 'green', icon: IconCircleCheck }
}

function TestOutcome({ result }: { result: Schemas['TestResult'] }) {
  const grade = grades[result.grade]
  const verdict = verdictOf(result)
  return (
    <Stack gap="md">
      <Alert
        variant="light"
        color={verdict.color}
        icon={<verdict.icon aria-hidden />}
        title={verdict.title}
        role="status"
      >
        {result.error && <Cause cause={result.error} size="sm" lines={6} />}
        <Text size="sm">
          <Text span inherit className="numbers">
            It took {milliseconds(result.latency_ms)}.
          </Text>
          {result.ok && grade ? ` ${verdict.more ?? grade.meaning}` : ''}
        </Text>
        {result.notes?.map((note) => (
          <Text size="xs" mt={4} key={note}>
            <EventText>{note}</EventText>
          </Text>
        ))}
      </Alert>
      <div className={classes.two}>
        <Stack gap="xs">
          <Title order={3} fz="sm">
            What was sent
          </Title>
          <RequestView request={result.request} />
        </Stack>
        <Stack gap="xs">
          <Title order={3} fz="sm">
            What came back
          </Title>
          <ResponseView response={result.response} />
        </Stack>
      </div>
    </Stack>
  )
}
