import { Button, Group, Text } from '@mantine/core'
import { useMemo, useState } from 'react'
import { done, failed } from '@/act/notify'
import { onTop } from '@/act/onTop'
import { useUnsaved } from '@/act/unsaved'
import { api } from '@/api/client'
import { asProblem, fieldMessages } from '@/api/problem'
import { entered, patch } from '@/form/change'
import { check, type Errors } from '@/form/check'
import { focusFirst } from '@/form/context'
import { FormErrors } from '@/form/FormErrors'
import { type Field, fieldsOf, type Values } from '@/form/field'
import { placesOf, unplaced } from '@/form/places'
import { SchemaForm } from '@/form/SchemaForm'
import { delivers } from '@/integration/capabilities'
import { Panel } from '@/page/Panel'
import { useCan } from '@/session/me'
import { Ago } from '@/text/Ago'
import { count } from '@/text/number'
import classes from '../add/Add.module.css'
import { Guide } from '../add/Guide'
import { type Change, useRefresh, useSave } from '../data/save'
import { type Basics, BasicsForm, basicPaths } from '../settings/BasicsForm'
import { DeliveryPanel } from '../settings/DeliveryPanel'
import { SecretNote } from '../settings/SecretNote'
import { ageOf } from '../settings/secretAge'
import { TestPanel } from '../trying/TestPanel'
import type { Shown } from './data'
import { Newer } from './Newer'

/** SettingsTab changes an integration's settings, secrets and how it delivers. */
export function SettingsTab(shown: Shown) {
  const [reset, setReset] = useState(0)
  // A form that nobody has touched shows what is newest; one with changes stays, and is told when it is saved.
  return (
    <Form key={`${shown.integration.id} ${reset}`} {...shown} startAgain={() => setReset((n) => n + 1)} />
  )
}

interface Draft {
  basics: Basics
  settings: Values
  policy: Values
}

function draftOf({ integration }: Shown, fields: Field[], delivery: Field[]): Draft {
  const { name, owner, rotate_by, fallback, enabled } = integration
  return {
    basics: { name, owner, rotate_by, fallback, enabled },
    settings: entered(fields, integration.settings),
    policy: entered(delivery, integration.delivery),
  }
}

/** changeOf is what a draft changes of what was there before. */
function changeOf(before: Draft, draft: Draft, fields: Field[], delivery: Field[]): Change {
  const change: Change = {}
  for (const name of ['name', 'owner', 'rotate_by', 'fallback'] as const) {
    const value = draft.basics[name].trim()
    if (value !== before.basics[name]) change[name] = value || null
  }
  const settings = patch(fields, before.settings, draft.settings)
  if (Object.keys(settings).length > 0) change.settings = settings
  const policy = patch(delivery, before.policy, draft.policy)
  if (Object.keys(policy).length > 0) change.delivery = policy
  return change
}

function Form({ startAgain, ...shown }: Shown & { startAgain: () => void }) {
  const { integration, connector } = shown
  const write = useCan('integrations:write')
  const refresh = useRefresh()
  const events = delivers(connector)
  const fields = useMemo(() => fieldsOf(connector?.settings), [connector])
  const delivery = useMemo(() => fieldsOf(connector?.delivery), [connector])
  const [base, setBase] = useState(integration)
  const [before, setBefore] = useState(() => draftOf(shown, fields, delivery))
  const [draft, setDraft] = useState(before)
  const [errors, setErrors] = useState<Errors>({})
  const [busy, setBusy] = useState(false)
  const [newer, setNewer] = useState(false)
  const change = changeOf(before, draft, fields, delivery)
  const parts = partsOf(change)
  useUnsaved(parts > 0 && !busy)
  if (base.version !== integration.version && parts === 0) {
    const next = draftOf(shown, fields, delivery)
    setBase(integration)
    setBefore(next)
    setDraft(next)
  }
  const keepMine = () => {
    const next = draftOf(shown, fields, delivery)
    setBase(integration)
    setBefore(next)
    setDraft({
      basics: onTop(before.basics, draft.basics, next.basics),
      settings: onTop(before.settings, draft.settings, next.settings),
      policy: onTop(before.policy, draft.policy, next.policy),
    })
    setNewer(false)
  }
  const save = useSave(base)
  const voided = useMemo(
    () => (integration.voided ?? []).map((each) => `settings.${each}`),
    [integration.voided],
  )
  const aboutSecret = (path: string) => {
    const age = ageOf(base.secrets, path, before.settings, draft.settings)
    if (!age && !base.rotate_by) return null
    return <SecretNote age={age} rotateBy={base.rotate_by} />
  }

  const refuse = (found: Errors) => {
    setErrors(found)
    focusFirst(found)
  }
  const checked = (): boolean => {
    const found = {
      ...(draft.basics.name.trim() ? {} : { name: 'is required' }),
      ...check(fields, draft.settings, 'settings'),
      ...(events ? check(delivery, draft.policy, 'delivery') : {}),
    }
    if (Object.keys(found).length > 0) refuse(found)
    else setErrors({})
    return Object.keys(found).length === 0
  }
  const tell = (what: string, thrown: unknown) => {
    const problem = asProblem(thrown)
    if (problem.status === 412) {
      setNewer(true)
      void refresh()
    } else if (problem.fields.length > 0) refuse(fieldMessages(problem))
    else failed(what, thrown)
  }
  const submit = async () => {
    if (busy || !checked()) return
    setBusy(true)
    try {
      await save(change)
      done('The settings are saved.')
      startAgain()
    } catch (thrown) {
      tell('Saving the settings', thrown)
    } finally {
      setBusy(false)
    }
  }
  const test = async (eventType: string | undefined) => {
    if (!checked()) return undefined
    try {
      const { data } = await api.POST('/api/v1/integrations/{id}/test', {
        params: { path: { id: integration.id } },
        body: { settings: (change.settings ?? {}) as Values, event_type: eventType },
      })
      return data
    } catch (thrown) {
      tell('Testing', thrown)
      return undefined
    }
  }
  const rest = unplaced(errors, placesOf(fields, 'settings'), placesOf(delivery, 'delivery'), basicPaths)
  return (
    <div className={classes.split}>
      <form
        className={classes.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        {newer && (
          <Newer
            keep={keepMine}
            show={() => {
              void refresh().then(startAgain)
            }}
          />
        )}
        <FormErrors messages={rest} />
        <Panel>
          <BasicsForm
            value={draft.basics}
            onChange={(basics) => setDraft({ ...draft, basics })}
            errors={errors}
            kind={integration.kind}
            id={integration.id}
            events={events}
            readOnly={!write}
          />
        </Panel>
        <Panel
          title="Settings"
          actions={
            <Text size="xs" c="dimmed">
              changed <Ago time={integration.updated_at} />
            </Text>
          }
        >
          {connector ? (
            <SchemaForm
              fields={fields}
              values={draft.settings}
              onChange={(settings) => setDraft({ ...draft, settings })}
              path="settings"
              errors={errors}
              voided={voided}
              aboutSecret={aboutSecret}
              readOnly={!write}
            />
          ) : (
            <Text size="sm">
              This build has no connector of the kind {integration.kind}: its settings cannot be changed here.
            </Text>
          )}
        </Panel>
        {events && (
          <DeliveryPanel
            fields={delivery}
            values={draft.policy}
            onChange={(policy) => setDraft({ ...draft, policy })}
            errors={errors}
            readOnly={!write}
          />
        )}
        {write && (
          <Panel title={parts > 0 ? 'Test before you save' : 'Test'}>
            <TestPanel run={test} sends={events} />
          </Panel>
        )}
        {write && (parts > 0 || busy) && (
          <Group className={classes.bar} justify="space-between">
            <Text size="sm">{count(parts, 'change')} not saved</Text>
            <Group gap="xs">
              <Button variant="default" disabled={busy} onClick={startAgain}>
                Discard
              </Button>
              <Button type="submit" loading={busy}>
                Save
              </Button>
            </Group>
          </Group>
        )}
      </form>
      {connector && <Guide connector={connector} />}
    </div>
  )
}

/** partsOf counts what a change changes. */
function partsOf(change: Change): number {
  const { settings, delivery, ...rest } = change
  return Object.keys(rest).length + Object.keys(settings ?? {}).length + Object.keys(delivery ?? {}).length
}
