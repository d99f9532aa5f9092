import { Button, Group, NumberInput, Select, Stack, Switch, TagsInput, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useState } from 'react'
import { $api, api, type Schemas } from '@/api/client'
import { can, useMe } from '@/session/me'
import { Loaded } from '@/state/Loaded'
import { FormFoot } from '../form/FormFoot'
import { useSubmit } from '../form/useSubmit'
import { NewKeyShown } from './NewKeyShown'
import { ScopeChoice } from './ScopeChoice'
import { presets } from './scopes'

const terms = [
  { value: '7', label: 'in 7 days' },
  { value: '30', label: 'in 30 days' },
  { value: '90', label: 'in 90 days' },
  { value: '365', label: 'in a year' },
  { value: '0', label: 'never' },
]

/** KeyForm creates a key, and shows it this once. */
export function KeyForm({
  close,
  changed,
  shown,
}: {
  close: () => void
  changed: () => Promise<unknown>
  shown: () => void
}) {
  const me = useMe()
  const scopes = $api.useQuery('get', '/api/v1/scopes')
  const [made, setMade] = useState<Schemas['NewKey']>()
  const form = useForm({
    initialValues: {
      name: '',
      scopes: [] as string[],
      term: '90',
      rate_limit: 0 as number | string,
      event_types: [] as string[],
      test: false,
    },
    validate: {
      scopes: (value) => (value.length === 0 ? 'Choose what the key may do' : null),
    },
  })
  const { submit, invalid, busy, problem } = useSubmit(
    form,
    async (values) => {
      const { data } = await api.POST('/api/v1/api-keys', {
        body: {
          name: values.name,
          scopes: values.scopes,
          expires_in_days: Number(values.term),
          rate_limit: Number(values.rate_limit) || 0,
          event_types: values.scopes.includes('events:write') ? values.event_types : [],
          test: values.test,
        },
      })
      setMade(data)
      shown()
      await changed()
    },
    (field) => (field === 'expires_in_days' ? 'term' : field.replace(/^(scopes|event_types)\..*/, '$1')),
  )
  if (made) return <NewKeyShown made={made} close={close} />
  const sends = form.values.scopes.includes('events:write')
  return (
    <form onSubmit={submit} onInvalidCapture={invalid}>
      <Stack>
        <TextInput
          label="Name"
          description="Which program it is for"
          placeholder="shop backend"
          required
          maxLength={100}
          data-autofocus
          {...form.getInputProps('name')}
        />
        <Loaded query={scopes} lines={6}>
          {({ items }) => (
            <Stack gap="xs">
              <Group gap={6}>
                <Text size="sm" c="dimmed">
                  Common choices:
                </Text>
                {presets.map((preset) => (
                  <Button
                    key={preset.label}
                    size="compact-xs"
                    variant="default"
                    title={preset.about}
                    onClick={() =>
                      form.setFieldValue(
                        'scopes',
                        items
                          .map(({ scope }) => scope)
                          .filter((scope) => preset.pick(scope) && can(me.scopes, scope)),
                      )
                    }
                  >
                    {preset.label}
                  </Button>
                ))}
              </Group>
              <ScopeChoice
                scopes={items}
                value={form.values.scopes}
                onChange={(value) => form.setFieldValue('scopes', value)}
                error={form.errors.scopes}
              />
            </Stack>
          )}
        </Loaded>
        {sends && (
          <TagsInput
            label="Event types it may send"
            description="Names or prefixes such as auth.*; empty: all"
            placeholder={form.values.event_types.length ? undefined : 'All types'}
            maxTags={100}
            {...form.getInputProps('event_types')}
          />
        )}
        <Group grow align="flex-start">
          <Select label="Expires" data={terms} allowDeselect={false} {...form.getInputProps('term')} />
          <NumberInput
            label="Requests a minute"
            description="0: no limit of its own"
            min={0}
            max={1_000_000}
            allowDecimal={false}
            {...form.getInputProps('rate_limit')}
          />
        </Group>
        {form.values.term === '0' && (
          <Text size="sm" c="dimmed">
            A key that never expires leaks sooner or later. Rotate it from time to time.
          </Text>
        )}
        <Switch
          label="A test key"
          description="Begins with tsk_test_; a hub in production may refuse it"
          {...form.getInputProps('test', { type: 'checkbox' })}
        />
        <FormFoot verb="Create key" busy={busy} problem={problem} cancel={close} />
      </Stack>
    </form>
  )
}
