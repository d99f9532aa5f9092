import { Text } from '@mantine/core'
import type { Schemas } from '@/api/client'
import { Cause } from '@/delivery/Cause'
import { Ago, When } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { toneColor } from '@/text/State'
import { stepMeaning } from '../words'
import classes from './History.module.css'

/** History is what happened to a block, the newest first: when, what, where, by whom and why. */
export function History({ steps }: { steps: readonly Schemas['BlockStep'][] }) {
  if (steps.length === 0) {
    return (
      <Text size="sm" c="dimmed" p="md">
        Nothing has happened to it yet.
      </Text>
    )
  }
  return (
    <ol className={classes.steps}>
      {[...steps].reverse().map((step) => (
        <Step key={step.id} step={step} />
      ))}
    </ol>
  )
}

function Step({ step }: { step: Schemas['BlockStep'] }) {
  const meaning = stepMeaning(step.state, step.integration !== undefined)
  return (
    <li className={classes.step}>
      <span className={classes.dot} style={{ background: toneColor(meaning.tone) }} aria-hidden />
      <div className={classes.what}>
        <Text size="sm" component="div">
          <b>{meaning.label}</b>
          {step.integration && (
            <>
              {' '}
              at <EventText>{step.name || 'a deleted responder'}</EventText>
            </>
          )}{' '}
          <Text span size="sm" c="dimmed">
            by <EventText>{step.by || 'Tocsin'}</EventText>
          </Text>
        </Text>
        {step.cause && (
          <Text size="xs" c="dimmed" component="div">
            <Cause cause={step.cause} />
          </Text>
        )}
      </div>
      <div className={classes.when}>
        <Text size="sm" component="div">
          <Ago time={step.at} inherit />
        </Text>
        <Text size="xs" c="dimmed" component="div">
          <When time={step.at} inherit />
        </Text>
      </div>
    </li>
  )
}
