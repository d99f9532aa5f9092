import { Group, Text } from '@mantine/core'
import { api, type Schemas } from '@/api/client'
import { EventText } from '@/text/EventText'
import { full } from '@/text/number'
import { State } from '@/text/State'
import { TrialBox, useTrial } from '../form/TrialBox'
import classes from './Mapping.module.css'

/** triedEvents is how many of the newest events a rule is tried on. */
const triedEvents = 200
/** shownItems is how many events of a trial are listed. */
const shownItems = 25

/** MappingTrial tries the rule on the newest events: what they are, and what they would become. Nothing is done. */
export function MappingTrial({
  draft,
  refused,
}: {
  draft: () => Schemas['MappingRuleInput']
  /** refused hears what is wrong with fields of the rule. */
  refused: (fields: Record<string, string>) => void
}) {
  const by = useTrial(
    async () =>
      (await api.POST('/api/v1/mapping-rules/try', { body: { rule: draft(), last: triedEvents } })).data,
    (fields) =>
      refused(
        Object.fromEntries(
          Object.entries(fields).map(([field, message]) => [field.replace(/^rule\./, ''), message]),
        ),
      ),
  )
  const items = by.trial?.items ?? []
  return (
    <TrialBox
      by={by}
      label="Events that it has to do with"
      said={
        by.trial ? (
          <Sums trial={by.trial} />
        ) : (
          'See what the rule would do to the newest events, before it holds. Nothing is changed.'
        )
      }
    >
      {items.length > 0 && (
        <>
          {items.slice(0, shownItems).map((item) => (
            <Tried key={item.event} item={item} />
          ))}
          {items.length > shownItems && (
            <Text size="xs" c="dimmed" pt={6}>
              The newest {shownItems} are shown.
            </Text>
          )}
        </>
      )}
    </TrialBox>
  )
}

function Sums({ trial }: { trial: Schemas['Trial'] }) {
  if (trial.looked === 0) return 'There is no event yet to try it on.'
  return (
    <>
      Of the newest {full(trial.looked)} events it holds for <b>{full(trial.matched)}</b>:{' '}
      {full(trial.changed)} would change, {full(trial.dropped)} would be dropped
      {trial.failed > 0 && (
        <Text span c="var(--tocsin-bad)">
          , and it fails for {full(trial.failed)}
        </Text>
      )}
      .
    </>
  )
}

function Tried({ item }: { item: Schemas['TriedItem'] }) {
  const before = asObject(item.before)
  const after = asObject(item.after)
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return (
    <div className={classes.item}>
      <Group gap={8} justify="space-between" wrap="nowrap">
        <Text size="sm" fw={600} truncate>
          <EventText inherit>{item.title}</EventText>
        </Text>
        {item.dropped && <State value="dropped" tone="warn" />}
        {item.error && <State value="fails" tone="bad" />}
      </Group>
      {item.error && (
        <Text size="xs" c="var(--tocsin-bad)">
          <EventText inherit>{item.error}</EventText>
        </Text>
      )}
      {names.map((name) => (
        <Text size="xs" key={name} component="div">
          <span className="mono">
            <EventText inherit>{name}</EventText>
          </span>
          : <Value value={before[name]} /> → <b>{<Value value={after[name]} />}</b>
        </Text>
      ))}
    </div>
  )
}

function Value({ value }: { value: unknown }) {
  if (value === undefined || value === null || value === '')
    return (
      <Text span c="dimmed" fz="inherit">
        nothing
      </Text>
    )
  return <EventText inherit>{typeof value === 'string' ? value : JSON.stringify(value)}</EventText>
}

const asObject = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
