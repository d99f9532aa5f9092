import { Group, Stack, Text, Timeline } from '@mantine/core'
import {
  IconCheck,
  IconClockPause,
  IconHourglass,
  IconMailExclamation,
  IconPlayerStop,
  IconRepeat,
} from '@tabler/icons-react'
import { useMemo } from 'react'
import type { Schemas } from '@/api/client'
import { causeClass, type Delivery, gradeMeaning, splitCause } from '@/delivery/words'
import { Ago, When } from '@/text/Ago'
import { Copy } from '@/text/Copy'
import { EventText } from '@/text/EventText'
import { full, milliseconds } from '@/text/number'
import { visible } from '@/text/visible'
import classes from './Attempts.module.css'
import { probes } from './probes'
import { attemptName, rounds } from './rounds'
import { useProbed } from './useProbed'

type Attempt = Schemas['Attempt']

const looks: Record<Attempt['outcome'], { icon: typeof IconCheck; color: string; word: string }> = {
  delivered: { icon: IconCheck, color: 'green.9', word: 'Delivered' },
  retry: { icon: IconRepeat, color: 'yellow.9', word: 'Failed; to be tried again' },
  throttled: { icon: IconClockPause, color: 'yellow.9', word: 'Throttled' },
  mailbox: { icon: IconMailExclamation, color: 'red.9', word: 'Failed for good' },
  cancelled: { icon: IconPlayerStop, color: 'gray.7', word: 'Cancelled' },
}

/** Attempts is the story of a delivery: each request that was made for it, the newest first, below what comes next. */
export function Attempts({ row }: { row: Delivery }) {
  const attempts = [...(row.history ?? [])].reverse()
  const probed = useProbed(row)
  const uncounted = useMemo(() => probes(row.history ?? [], row), [row])
  const replays = useMemo(() => rounds(row.history ?? []), [row.history])
  const next = row.due && (row.status === 'parked' || row.status === 'held') ? row.due : undefined
  if (attempts.length === 0 && !next && !probed)
    return (
      <Text size="sm" c="dimmed">
        {row.attempts > 0
          ? 'The records of its attempts are not kept any more: they are for 7 days.'
          : row.status === 'skipped'
            ? 'No attempt was made.'
            : 'No attempt was made yet.'}
      </Text>
    )
  return (
    <Timeline bulletSize={24} lineWidth={2} active={-1}>
      {probed && (
        <Timeline.Item
          bullet={<IconHourglass size={14} aria-hidden />}
          lineVariant="dashed"
          title={
            <Text fw={600} size="sm">
              Next attempt as soon as the receiver answers
            </Text>
          }
        >
          <Text size="xs" c="dimmed">
            It fails now. The hub asks with one delivery at a time whether it is back: every second for two
            minutes, then less often, down to every 30 seconds. Such a probe spends no attempt.
          </Text>
        </Timeline.Item>
      )}
      {next && !probed && (
        <Timeline.Item
          bullet={<IconHourglass size={14} aria-hidden />}
          lineVariant="dashed"
          title={
            <Text fw={600} size="sm">
              Next attempt <Ago time={next} inherit />
            </Text>
          }
        >
          <Text size="xs" c="dimmed">
            <When time={next} inherit />, unless it is retried before
          </Text>
        </Timeline.Item>
      )}
      {attempts.map((attempt, i) => {
        const look = looks[attempt.outcome] ?? looks.cancelled
        const at = attempts.length - 1 - i
        const name = uncounted.has(at) ? 'Probe' : attemptName(attempt.number, replays[at] ?? 0)
        return (
          <Timeline.Item
            key={`${attempt.number} ${attempt.at}`}
            color={look.color}
            bullet={<look.icon size={14} aria-hidden />}
            title={
              <Group gap="xs" justify="space-between">
                <Text fw={600} size="sm">
                  {name} · {look.word}
                </Text>
                <Text size="xs" c="dimmed" fw={400}>
                  <When time={attempt.at} inherit />
                </Text>
              </Group>
            }
            // The line and its bullet are in a colour of their own for each attempt.
            styles={{
              itemBullet: {
                background: `var(--mantine-color-${look.color.replace('.', '-')})`,
                borderColor: 'transparent',
                color: 'white',
              },
            }}
          >
            <One attempt={attempt} name={name.toLowerCase()} />
          </Timeline.Item>
        )
      })}
    </Timeline>
  )
}

function One({ attempt, name }: { attempt: Attempt; name: string }) {
  const facts = [
    attempt.status ? `HTTP ${attempt.status}` : '',
    milliseconds(attempt.latency_ms),
    attempt.class ? causeClass(attempt.class).toLowerCase() : '',
    attempt.batched > 1 ? `in one request with ${full(attempt.batched - 1)} others` : '',
    attempt.grade ?? '',
  ].filter(Boolean)
  return (
    <Stack gap={6} pt={2} pb="xs">
      <Text size="xs" c="dimmed" className="numbers" title={gradeMeaning(attempt.grade) || undefined}>
        {facts.join(' · ')}
      </Text>
      {attempt.error && <EventText size="sm">{splitCause(attempt.error).what}</EventText>}
      {attempt.answer && (
        <div>
          <Group gap={4}>
            <Text size="xs" c="dimmed">
              The receiver answered
            </Text>
            <Copy text={attempt.answer} what="the answer" />
          </Group>
          {/* Somebody with a keyboard scrolls it, too. */}
          <pre
            className={classes.answer}
            tabIndex={0}
            role="region"
            aria-label={`The answer to ${name === 'probe' ? `a probe at ${attempt.at}` : name}`}
            dir="ltr"
          >
            {visible(attempt.answer)}
          </pre>
        </div>
      )}
    </Stack>
  )
}
