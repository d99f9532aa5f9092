import { Button, Group, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { done, failed } from '@/act/notify'
import { onTop } from '@/act/onTop'
import { useUnsaved } from '@/act/unsaved'
import { asProblem, fieldMessages } from '@/api/problem'
import type { Errors } from '@/form/check'
import { focusFirst } from '@/form/context'
import { Panel } from '@/page/Panel'
import { useCan } from '@/session/me'
import bar from '../add/Add.module.css'
import { useRefresh, useSave } from '../data/save'
import { subscriptionOf } from '../subscription/filter'
import classes from '../subscription/Subscription.module.css'
import { SubscriptionForm } from '../subscription/SubscriptionForm'
import { TrialPanel } from '../subscription/TrialPanel'
import type { Shown } from './data'
import { Newer } from './Newer'

/** SubscriptionTab changes which events an integration gets, and shows what that would be. */
export function SubscriptionTab(shown: Shown) {
  const [reset, setReset] = useState(0)
  return (
    <Builder key={`${shown.integration.id} ${reset}`} {...shown} startAgain={() => setReset((n) => n + 1)} />
  )
}

function Builder({ integration, startAgain }: Shown & { startAgain: () => void }) {
  const write = useCan('integrations:write')
  const refresh = useRefresh()
  const [base, setBase] = useState(integration)
  const [before, setBefore] = useState(() => subscriptionOf(integration.subscription))
  const [draft, setDraft] = useState(before)
  const [errors, setErrors] = useState<Errors>({})
  const [busy, setBusy] = useState(false)
  const [newer, setNewer] = useState(false)
  const dirty = JSON.stringify(before) !== JSON.stringify(draft)
  useUnsaved(dirty && !busy)
  if (base.version !== integration.version && !dirty) {
    const next = subscriptionOf(integration.subscription)
    setBase(integration)
    setBefore(next)
    setDraft(next)
  }
  const keepMine = () => {
    const next = subscriptionOf(integration.subscription)
    setBase(integration)
    setBefore(next)
    setDraft(onTop(before, draft, next))
    setNewer(false)
  }
  const save = useSave(base)
  const submit = async () => {
    setBusy(true)
    try {
      await save({ subscription: draft })
      done('The subscription is saved. It holds for what comes from now on.')
      startAgain()
    } catch (thrown) {
      const problem = asProblem(thrown)
      if (problem.status === 412) {
        setNewer(true)
        void refresh()
      } else if (problem.fields.length > 0) {
        const found = fieldMessages(problem)
        setErrors(found)
        focusFirst(found)
      } else failed('Saving the subscription', thrown)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Stack gap="sm">
      {newer && <Newer keep={keepMine} show={() => void refresh().then(startAgain)} />}
      <div className={classes.split}>
        <Panel title="Subscription">
          <SubscriptionForm value={draft} onChange={setDraft} errors={errors} readOnly={!write} />
        </Panel>
        <TrialPanel subscription={draft} />
      </div>
      {write && dirty && (
        <Group className={bar.bar} justify="space-between">
          <Text size="sm">Not saved. It holds for events that come after it is saved.</Text>
          <Group gap="xs">
            <Button variant="default" disabled={busy} onClick={startAgain}>
              Discard
            </Button>
            <Button loading={busy} onClick={() => void submit()}>
              Save
            </Button>
          </Group>
        </Group>
      )}
    </Stack>
  )
}
