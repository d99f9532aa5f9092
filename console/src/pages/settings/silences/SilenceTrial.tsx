import { Group, Text } from '@mantine/core'
import { api, type Schemas } from '@/api/client'
import { EventText } from '@/text/EventText'
import { full } from '@/text/number'
import { Severity } from '@/text/Severity'
import { TrialBox, useTrial } from '../form/TrialBox'
import classes from './Silences.module.css'

/** triedEvents is how many of the newest events a silence is tried on. */
const triedEvents = 500

/** SilenceTrial shows which of the newest events the silence is about. Nothing is done. */
export function SilenceTrial({
  draft,
  disabled,
  refused,
}: {
  draft: () => Schemas['SilenceInput']
  disabled: boolean
  refused: (fields: Record<string, string>) => void
}) {
  const by = useTrial(
    async () =>
      (await api.POST('/api/v1/silences/try', { body: { silence: draft(), last: triedEvents } })).data,
    refused,
  )
  const { trial } = by
  return (
    <TrialBox
      by={by}
      disabled={disabled}
      label="Events that it is about"
      said={
        trial ? (
          <>
            It is about <b>{full(trial.matched)}</b> of the newest {full(trial.looked)} events.
          </>
        ) : (
          'See which of the newest events it would have silenced.'
        )
      }
    >
      {trial &&
        trial.items.length > 0 &&
        trial.items.map((item) => (
          <Group key={item.event} gap="sm" wrap="nowrap" className={classes.item}>
            <Severity value={item.severity} compact />
            <Text size="sm" truncate flex={1}>
              <EventText inherit>{item.title || item.type}</EventText>
            </Text>
            <Text size="xs" c="dimmed" className="mono">
              <EventText inherit>{item.type}</EventText>
            </Text>
          </Group>
        ))}
    </TrialBox>
  )
}
