import {
  Alert,
  Button,
  Group,
  MultiSelect,
  NumberInput,
  Stack,
  TagsInput,
  Textarea,
  TextInput,
} from '@mantine/core'
import { useForm } from '@mantine/form'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Dialog } from '@/act/Dialog'
import { done } from '@/act/notify'
import { useUnsaved } from '@/act/unsaved'
import { api } from '@/api/client'
import { asProblem, fieldMessages, type Problem } from '@/api/problem'
import { severities } from '@/text/Severity'
import { RuleTrial } from './RuleTrial'
import { type Draft, draftOf, firstDraft, inputOf, type Rule } from './rule'

const sharedThings = [
  { value: 'entity', label: 'entity' },
  { value: 'rule', label: 'detection rule' },
  { value: 'source', label: 'source' },
  { value: 'project', label: 'project' },
  { value: 'alert_type', label: 'type' },
]

/** RuleDialog makes or changes an incident rule, and tries it before. It is open while it is in the page. */
export function RuleDialog({ rule, onDone }: { rule: Rule | undefined; onDone: () => void }) {
  return (
    <Dialog title={rule ? 'Edit rule' : 'Create incident rule'} size="lg" gone={onDone}>
      {(close) => <Form rule={rule} close={close} />}
    </Dialog>
  )
}

/** fieldOf is the field of the form for a path in the body: match.where is where. */
const fieldOf = (path: string): string =>
  path
    .replace(/^body\./, '')
    .replace(/^match\./, '')
    .replace(/[.[].*$/, '')

function Form({ rule, close }: { rule: Rule | undefined; close: () => void }) {
  const queries = useQueryClient()
  const form = useForm<Draft>({ initialValues: rule ? draftOf(rule) : firstDraft })
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  useUnsaved(form.isDirty() && !busy)
  const refused = (thrown: unknown) => {
    const why = asProblem(thrown)
    const messages = Object.entries(fieldMessages(why)).map(([path, message]) => [fieldOf(path), message])
    form.setErrors(Object.fromEntries(messages))
    setProblem(why)
  }
  const save = form.onSubmit(async (draft) => {
    setBusy(true)
    setProblem(undefined)
    try {
      await send(rule, draft)
      await queries.invalidateQueries({ queryKey: ['get', '/api/v1/incident-rules'] })
      done(rule ? 'The rule is saved, and applies at once.' : 'The rule is created, and applies at once.')
      close()
    } catch (thrown) {
      refused(thrown)
      setBusy(false)
    }
  })
  return (
    <form onSubmit={save}>
      <Stack gap="sm">
        <TextInput label="Name" required maxLength={100} data-autofocus {...form.getInputProps('name')} />
        <Group grow align="flex-start">
          <NumberInput label="Number of alerts" min={1} max={100} {...form.getInputProps('threshold')} />
          <TextInput
            label="Within"
            description="10s to 24h"
            placeholder="5m"
            {...form.getInputProps('window')}
          />
          <NumberInput
            label="Position"
            description="The lowest is tried first"
            min={0}
            max={1_000_000}
            {...form.getInputProps('position')}
          />
        </Group>
        <Group grow align="flex-start">
          <MultiSelect label="Sharing" data={sharedThings} {...form.getInputProps('group_by')} />
          {form.values.group_by.includes('entity') && (
            <TagsInput
              label="Entities of the types"
              data={['ip', 'user', 'host', 'domain', 'email', 'file']}
              {...form.getInputProps('entity_types')}
            />
          )}
        </Group>
        <MultiSelect
          label="Only of these severities"
          placeholder={form.values.severities.length === 0 ? 'All' : undefined}
          data={[...severities]}
          {...form.getInputProps('severities')}
        />
        <Group grow align="flex-start">
          <TagsInput
            label="Only of these types"
            placeholder={form.values.alert_types.length === 0 ? 'All; Enter adds one' : undefined}
            {...form.getInputProps('alert_types')}
          />
          <TagsInput
            label="Only of these projects"
            placeholder={form.values.projects.length === 0 ? 'All; Enter adds one' : undefined}
            {...form.getInputProps('projects')}
          />
        </Group>
        <Textarea
          label="Only if this expression holds"
          placeholder="event.risk_score >= 70"
          maxLength={4096}
          autosize
          minRows={1}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 13 } }}
          {...form.getInputProps('where')}
        />
        <TextInput
          label="Title of the incident"
          description="You can use {count}, {key}, {rule} and {alert}"
          maxLength={200}
          {...form.getInputProps('title')}
        />
        <RuleTrial input={inputOf(form.values)} refused={refused} clear={() => setProblem(undefined)} />
        {problem && (
          <Alert color="red" variant="light" role="alert">
            {problem.message}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={busy}>
            {rule ? 'Save' : 'Create rule'}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

async function send(rule: Rule | undefined, draft: Draft): Promise<void> {
  const body = inputOf(draft)
  if (!rule) {
    await api.POST('/api/v1/incident-rules', { body })
    return
  }
  const params = { path: { id: rule.id }, header: { 'If-Match': `"${rule.version}"` } }
  // A merge patch leaves alone what is left out; what is not wanted any more has to be said.
  const nothing = { severities: null, alert_types: null, projects: null, where: null } as unknown as object
  const match = { ...nothing, ...body.match }
  try {
    await api.PATCH('/api/v1/incident-rules/{id}', { params, body: { ...body, match } })
  } catch (thrown) {
    if (asProblem(thrown).status !== 412) throw thrown
    throw new Error(
      'Somebody else changed this rule a moment ago. Close this, and open it again to see how it is now.',
    )
  }
}
