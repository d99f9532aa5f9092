import { Select, SimpleGrid, Stack, Switch, TagsInput, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useState } from 'react'
import { done } from '@/act/notify'
import { $api, api, type Schemas } from '@/api/client'
import { OutLink } from '@/text/OutLink'
import { FormFoot } from '../form/FormFoot'
import { ifMatch } from '../form/ifMatch'
import { useSubmit } from '../form/useSubmit'
import { ShownOnce } from '../once/ShownOnce'
import { Snippet } from '../once/Snippet'
import { authOf, type Draft, draftOf, labelsOf, patchOf } from './draft'
import { methodOf, methods, newSecret } from './methods'
import { ProofFields } from './ProofFields'
import { snippet } from './snippet'

/** SourceForm creates a source and shows its secret this once, or changes one. */
export function SourceForm({
  source,
  close,
  changed,
  shown,
}: {
  source?: Schemas['SourceEndpoint']
  close: () => void
  changed: () => Promise<unknown>
  shown?: () => void
}) {
  const dialects = $api.useQuery('get', '/api/v1/dialects')
  const [made, setMade] = useState<{ source: Schemas['SourceEndpoint']; secret: string }>()
  const form = useForm<Draft>({ initialValues: draftOf(source) })
  const { submit, invalid, busy, problem } = useSubmit(
    form,
    async (draft) => {
      if (source) {
        await api.PATCH('/api/v1/sources/{id}', {
          params: { path: { id: source.id }, ...ifMatch(source.version) },
          body: patchOf(draft, source),
        })
        await changed()
        close()
        done('The source is changed. It holds for the next request.')
        return
      }
      const { name, dialect, project, types, labels, enabled, auth } = draft
      const { data } = await api.POST('/api/v1/sources', {
        body: { name, dialect, project, types, enabled, labels: labelsOf(labels), auth: authOf(auth) },
      })
      if (data) setMade({ source: data, secret: methodOf(auth.method)?.secret ? auth.secret : '' })
      shown?.()
      await changed()
    },
    (field) => field.replace(/^(types|labels)\..*/, '$1'),
    source && { version: source.version, values: () => draftOf(source) },
  )
  if (made) return <NewSource {...made} close={close} />

  const known = dialects.data?.items ?? []
  const dialect = known.find((each) => each.name === form.values.dialect)
  const fitting = new Set(dialect?.methods ?? [])
  const choices = [
    {
      group: dialect ? `What ${dialect.title} can do` : 'Often used',
      items: methods.filter((m) => fitting.has(m.name)),
    },
    { group: dialect ? 'Others' : 'All', items: methods.filter((m) => !fitting.has(m.name)) },
  ]
    .filter((group) => group.items.length > 0)
    .map((group) => ({
      group: group.group,
      items: group.items.map((method) => ({ value: method.name, label: method.title })),
    }))
  const setMethod = (method: string, sender = form.values.dialect) => {
    form.setFieldValue('auth.method', method)
    // A name is needed, and any will do: the tool's own is the first that comes to mind.
    if (method === 'basic' && !form.values.auth.username) form.setFieldValue('auth.username', sender)
    const old = source?.auth as { method?: string } | undefined
    form.setFieldValue('auth.secret', old?.method === method ? '' : newSecret(method))
  }
  return (
    <form onSubmit={submit} onInvalidCapture={invalid}>
      <Stack>
        <TextInput
          label="Name"
          placeholder="GitHub, organization acme"
          required
          maxLength={100}
          data-autofocus
          {...form.getInputProps('name')}
        />
        <Select
          label="Tool"
          description="The hub reads what it writes as it is"
          placeholder="Choose the tool"
          data={known.map((each) => ({ value: each.name, label: each.title }))}
          searchable
          allowDeselect={false}
          required
          {...form.getInputProps('dialect')}
          value={form.values.dialect || null}
          onChange={(value) => {
            form.setFieldValue('dialect', value ?? '')
            // Certificates need an authority that somebody has to make first: a choice, not a beginning.
            const best = known.find((each) => each.name === value)?.methods.find((each) => each !== 'mtls')
            if (best && !source) setMethod(best, value ?? '')
          }}
        />
        {dialect?.docs_url && (
          <OutLink href={dialect.docs_url} fz="sm">
            How {dialect.title} sends
          </OutLink>
        )}
        <Select
          label="Authentication"
          description={methodOf(form.values.auth.method)?.about}
          data={choices}
          allowDeselect={false}
          {...form.getInputProps('auth.method')}
          onChange={(value) => value && setMethod(value)}
        />
        <ProofFields form={form} kept={source !== undefined} />
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <TextInput
            label="Project"
            description="Of events that name none"
            maxLength={256}
            {...form.getInputProps('project')}
          />
          <TagsInput
            label="Labels"
            description="name=value, for events without one of the name"
            placeholder={form.values.labels.length ? undefined : 'team=blue'}
            maxTags={32}
            {...form.getInputProps('labels')}
          />
        </SimpleGrid>
        <TagsInput
          label="Event types it may send"
          description="Names or prefixes such as alert.*; empty: all but the hub’s own"
          placeholder={form.values.types.length ? undefined : 'All types'}
          {...form.getInputProps('types')}
        />
        <Switch
          label="Enabled"
          description="While it is not, its address is not found"
          {...form.getInputProps('enabled', { type: 'checkbox' })}
        />
        <FormFoot
          verb={source ? 'Save' : 'Create source'}
          busy={busy}
          problem={problem}
          cancel={close}
          reload={() => void changed()}
        />
      </Stack>
    </form>
  )
}

/** NewSource shows what to enter at the tool. The secret is in clear this once. */
function NewSource({
  source,
  secret,
  close,
}: {
  source: Schemas['SourceEndpoint']
  secret: string
  close: () => void
}) {
  const auth = source.auth as Record<string, unknown>
  const command = snippet({ url: source.url, secret: secret || undefined, auth })
  if (!secret)
    return (
      <ShownOnce
        label="Address"
        value={source.url}
        close={close}
        text={
          <>
            The address for <b>{source.name}</b>. You find it here again.
          </>
        }
      >
        <Snippet label="Try it" text={command} />
      </ShownOnce>
    )
  return (
    <ShownOnce
      label={methodOf(String(auth.method))?.secret ?? 'Secret'}
      value={secret}
      close={close}
      text={
        <>
          Enter this at <b>{source.name}</b>, with the address below. The hub seals the secret, and never
          shows it again.
        </>
      }
    >
      <Snippet label="Address" text={source.url} />
      <Snippet label="Try it" text={command} />
    </ShownOnce>
  )
}
