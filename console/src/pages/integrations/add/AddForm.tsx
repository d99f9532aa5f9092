import { Button, Group } from '@mantine/core'
import { Link, useNavigate } from '@tanstack/react-router'
import { type FormEvent, useMemo, useState } from 'react'
import { done, failed } from '@/act/notify'
import { useUnsaved } from '@/act/unsaved'
import { api, type Schemas } from '@/api/client'
import { asProblem, fieldMessages } from '@/api/problem'
import { body } from '@/form/change'
import { check, type Errors } from '@/form/check'
import { focusFirst } from '@/form/context'
import { FormErrors } from '@/form/FormErrors'
import { fieldsOf, type Values } from '@/form/field'
import { placesOf, unplaced } from '@/form/places'
import { SchemaForm } from '@/form/SchemaForm'
import { delivers } from '@/integration/capabilities'
import { Panel } from '@/page/Panel'
import { useRefresh } from '../data/save'
import { type Basics, BasicsForm, basicPaths } from '../settings/BasicsForm'
import { DeliveryPanel } from '../settings/DeliveryPanel'
import { type Subscription, subscriptionOf } from '../subscription/filter'
import { SubscriptionForm } from '../subscription/SubscriptionForm'
import { TrialPanel } from '../subscription/TrialPanel'
import { TestPanel } from '../trying/TestPanel'
import classes from './Add.module.css'

/** AddForm is everything that a new integration needs, with a test before it is saved. */
export function AddForm({ connector }: { connector: Schemas['Connector'] }) {
  const navigate = useNavigate()
  const refresh = useRefresh()
  const events = delivers(connector)
  const fields = useMemo(() => fieldsOf(connector.settings), [connector])
  const delivery = useMemo(() => fieldsOf(connector.delivery), [connector])
  const [basics, setBasics] = useState<Basics>({
    name: '',
    owner: '',
    rotate_by: '',
    fallback: '',
    enabled: true,
  })
  const [settings, setSettings] = useState<Values>({})
  const [policy, setPolicy] = useState<Values>({})
  const [subscription, setSubscription] = useState<Subscription>(
    subscriptionOf({ types: ['alert.*', 'incident.*'] }),
  )
  const [errors, setErrors] = useState<Errors>({})
  const [busy, setBusy] = useState(false)
  const [made, setMade] = useState(false)
  const dirty = !made && (basics.name !== '' || Object.keys(settings).length > 0)
  useUnsaved(dirty)

  const refuse = (found: Errors) => {
    setErrors(found)
    focusFirst(found)
  }
  const checked = (): boolean => {
    const found = {
      ...(basics.name.trim() ? {} : { name: 'is required' }),
      ...check(fields, settings, 'settings'),
    }
    if (events) Object.assign(found, check(delivery, policy, 'delivery'))
    if (Object.keys(found).length > 0) refuse(found)
    else setErrors({})
    return Object.keys(found).length === 0
  }
  const tell = (what: string, thrown: unknown) => {
    const problem = asProblem(thrown)
    if (problem.fields.length > 0) refuse(fieldMessages(problem))
    else failed(what, thrown)
  }

  const create = async (event: FormEvent) => {
    event.preventDefault()
    if (busy || !checked()) return
    setBusy(true)
    try {
      const { data } = await api.POST('/api/v1/integrations', {
        body: {
          kind: connector.kind,
          name: basics.name.trim(),
          settings: body(fields, settings),
          enabled: basics.enabled,
          owner: basics.owner.trim() || undefined,
          rotate_by: basics.rotate_by || undefined,
          ...(events && {
            subscription,
            delivery: body(delivery, policy),
            fallback: basics.fallback || undefined,
          }),
        },
      })
      setMade(true)
      await refresh()
      done('The integration was added.')
      if (data)
        await navigate({
          to: '/integrations/$id/{-$tab}',
          params: { id: data.id },
          search: {},
          ignoreBlocker: true,
        })
    } catch (thrown) {
      tell('Adding the integration', thrown)
    } finally {
      setBusy(false)
    }
  }
  const test = async (eventType: string | undefined) => {
    const found = check(fields, settings, 'settings')
    if (Object.keys(found).length > 0) {
      refuse(found)
      return undefined
    }
    setErrors({})
    try {
      const { data } = await api.POST('/api/v1/integrations/test', {
        body: { kind: connector.kind, settings: body(fields, settings), event_type: eventType },
      })
      return data
    } catch (thrown) {
      tell('Testing', thrown)
      return undefined
    }
  }
  const rest = unplaced(errors, placesOf(fields, 'settings'), placesOf(delivery, 'delivery'), basicPaths)
  return (
    <form className={classes.form} noValidate onSubmit={(event: FormEvent) => void create(event)}>
      <FormErrors messages={rest} />
      <Panel>
        <BasicsForm
          value={basics}
          onChange={setBasics}
          errors={errors}
          kind={connector.kind}
          isNew
          events={events}
        />
      </Panel>
      <Panel title="Settings">
        <SchemaForm
          fields={fields}
          values={settings}
          onChange={setSettings}
          path="settings"
          errors={errors}
        />
      </Panel>
      <Panel title="Test before you save">
        <TestPanel run={test} sends={events} />
      </Panel>
      {events && (
        <>
          <Panel title="Subscription">
            <SubscriptionForm value={subscription} onChange={setSubscription} errors={errors} />
          </Panel>
          <TrialPanel subscription={subscription} still />
          <DeliveryPanel fields={delivery} values={policy} onChange={setPolicy} errors={errors} />
        </>
      )}
      <Group className={classes.bar} justify="flex-end">
        <Button component={Link} to="/integrations/catalogue" variant="default">
          Cancel
        </Button>
        <Button type="submit" loading={busy}>
          Add {connector.title}
        </Button>
      </Group>
    </form>
  )
}
