import { Alert, Box, Group, Progress, Stack, Text, Title } from '@mantine/core'
import { asProblem } from '@/api/problem'
import { Panel } from '@/page/Panel'
import { Loading } from '@/state/Loading'
import { EventText } from '@/text/EventText'
import { full } from '@/text/number'
import { Severity } from '@/text/Severity'
import type { Subscription } from './filter'
import classes from './Subscription.module.css'
import { countWords, paceWords, type Trial, useTrial } from './trial'

/**
 * TrialPanel says what a subscription would let through of the last day's events, while it is being written. It stays in sight
 * beside a long form, unless it is to stand still.
 */
export function TrialPanel({ subscription, still }: { subscription: Subscription; still?: boolean }) {
  const trial = useTrial(subscription)
  if (!trial.enabled) return null
  return (
    <div className={still ? undefined : classes.trial}>
      <Panel title={still ? 'What it would have got' : 'What it would get'}>
        {trial.error ? (
          <Refused error={trial.error} />
        ) : trial.data ? (
          <Found trial={trial.data} subscription={subscription} behind={trial.behind} />
        ) : (
          <Loading lines={4} />
        )}
      </Panel>
    </div>
  )
}

function Refused({ error }: { error: unknown }) {
  const problem = asProblem(error)
  const [first] = problem.fields
  return (
    <Alert color="red" variant="light" title="This cannot be tried" role="alert">
      <Text size="sm">
        {first ? `${first.field.replace(/^subscription\./, '')}: ${first.message}` : problem.message}
      </Text>
    </Alert>
  )
}

function Found({
  trial,
  subscription,
  behind,
}: {
  trial: Trial
  subscription: Subscription
  behind: boolean
}) {
  const { looked, matched, filtered, samples, left_out, errors } = trial
  const none = subscription.types.length === 0 && !behind
  return (
    <Stack gap="md" aria-busy={behind} style={{ opacity: behind ? 0.65 : 1 }}>
      <Box role="status">
        <Text fz={28} fw={700} lh={1.15} className="numbers">
          {full(matched)}
          <Text span size="sm" c="dimmed" fw={400}>
            {' '}
            {countWords(trial)}
          </Text>
        </Text>
        <Progress
          value={looked ? (matched / looked) * 100 : 0}
          size="sm"
          mt={6}
          aria-label="Part that matches"
          color={none ? 'gray' : undefined}
        />
        {/* The line stays when there is nothing to say: what stands below does not jump while somebody writes. */}
        <Text size="xs" c={none ? undefined : 'dimmed'} mt={6} mih={18} className="numbers">
          {none ? 'It will send nothing.' : paceWords(trial)}
        </Text>
        {subscription.include_children && (
          <Text size="xs" c="dimmed" mt={6}>
            Events of child accounts come on top; they are not looked at here.
          </Text>
        )}
      </Box>
      {errors.length > 0 && (
        <Alert color="yellow" variant="light" title="The condition fails for some" py="xs">
          {errors.map((each) => (
            <Text size="xs" key={each.error}>
              {full(each.count)} × <EventText>{each.error}</EventText>
            </Text>
          ))}
        </Alert>
      )}
      {filtered.length > 0 && (
        <Box>
          <Title order={3} fz="xs" c="dimmed" mb={4}>
            Why the others do not
          </Title>
          {filtered.map((each) => (
            <Group key={each.reason} justify="space-between" wrap="nowrap" gap="xs">
              <Text size="sm">{each.reason}</Text>
              <Text size="sm" className="numbers" fw={600}>
                {full(each.count)}
              </Text>
            </Group>
          ))}
        </Box>
      )}
      <Examples title="Would be sent" events={samples.slice(0, 6)} />
      <Examples title="Would be left out" events={left_out.slice(0, 6)} />
    </Stack>
  )
}

function Examples({ title, events }: { title: string; events: Trial['samples'] }) {
  if (events.length === 0) return null
  return (
    <Box>
      <Title order={3} fz="xs" c="dimmed" mb={4}>
        {title}
      </Title>
      <Stack gap={6}>
        {events.map((event) => (
          <Group key={event.id} gap={8} wrap="nowrap" align="flex-start">
            <Box pt={2}>
              <Severity value={event.severity} compact />
            </Box>
            <Box miw={0}>
              <Text size="sm" lh={1.3} truncate>
                <EventText>{event.title || event.type}</EventText>
              </Text>
              <Text size="xs" c="dimmed" lh={1.35}>
                <EventText ff="monospace">{event.type}</EventText>
                {event.reason && ` · ${event.reason}`}
              </Text>
            </Box>
          </Group>
        ))}
      </Stack>
    </Box>
  )
}
