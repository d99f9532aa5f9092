import {
  Button,
  Collapse,
  Group,
  NumberInput,
  SegmentedControl,
  Select,
  SimpleGrid,
  Stack,
  TagsInput,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core'
import { useForm } from '@mantine/form'
import { useDisclosure } from '@mantine/hooks'
import { done } from '@/act/notify'
import { api, type Schemas } from '@/api/client'
import { useMe } from '@/session/me'
import { severities } from '@/text/Severity'
import { FormFoot } from '../form/FormFoot'
import { ifMatch } from '../form/ifMatch'
import { useSubmit } from '../form/useSubmit'
import { type Draft, draftOf, patchOf, ruleOf, targets } from './draft'
import { MappingTrial } from './MappingTrial'
import { useSourceNames } from './sourceNames'

const labels = {
  severity: 'Severity',
  type: 'Type',
  project: 'Project',
  alert_type: 'Alert type',
  account: 'Account',
} as const

const placeholders: Partial<Record<keyof typeof labels, string>> = {
  type: 'Unchanged',
  project: 'Unchanged',
  alert_type: 'Unchanged',
}

/** MappingForm creates a rule, or changes one, and tries it before. behind is the place behind the last rule. */
export function MappingForm({
  rule,
  behind,
  close,
  changed,
}: {
  rule: Schemas['MappingRule'] | undefined
  behind: number
  close: () => void
  changed: () => Promise<unknown>
}) {
  const me = useMe()
  const { options } = useSourceNames()
  const form = useForm<Draft>({ initialValues: draftOf(rule, behind) })
  const computes = Object.values(form.values.compute).some((value) => value !== '')
  const [more, { toggle }] = useDisclosure(computes)
  const { submit, invalid, busy, problem } = useSubmit(
    form,
    async (draft) => {
      if (rule)
        await api.PATCH('/api/v1/mapping-rules/{id}', {
          params: { path: { id: rule.id }, ...ifMatch(rule.version) },
          body: patchOf(draft, rule),
        })
      else await api.POST('/api/v1/mapping-rules', { body: ruleOf(draft) })
      await changed()
      close()
      done(rule ? 'The rule is saved. It applies at once.' : 'The rule is created. It applies at once.')
    },
    (field) => field.replace(/^set\.(labels|tags)\..*/, 'set.$1'),
    rule && { version: rule.version, values: () => draftOf(rule, behind) },
  )
  const choose = (path: 'set.severity' | 'set.account' | 'source', empty: string) => (value: string | null) =>
    form.setFieldValue(path, value ?? empty)
  return (
    <form onSubmit={submit} onInvalidCapture={invalid}>
      <Stack>
        <TextInput
          label="Name"
          placeholder="Staging is not urgent"
          required
          maxLength={100}
          data-autofocus
          {...form.getInputProps('name')}
        />
        <Group grow align="flex-start">
          <Select
            label="Source"
            data={options}
            searchable
            allowDeselect={false}
            {...form.getInputProps('source')}
            onChange={choose('source', '*')}
          />
          <NumberInput
            label="Position"
            description="The lowest runs first"
            min={0}
            max={1_000_000}
            allowDecimal={false}
            {...form.getInputProps('position')}
          />
        </Group>
        <Textarea
          label="When"
          description="An expression that must hold for the event; empty: always"
          placeholder={'event.source.vendor == "falco" && "staging" in event.tags'}
          autosize
          minRows={2}
          maxRows={8}
          maxLength={4096}
          spellCheck={false}
          classNames={{ input: 'mono' }}
          {...form.getInputProps('when')}
        />
        <SegmentedControl
          aria-label="Action"
          value={form.values.drop ? 'drop' : 'change'}
          onChange={(value) => form.setFieldValue('drop', value === 'drop')}
          data={[
            { value: 'change', label: 'Change the event' },
            { value: 'drop', label: 'Drop it' },
          ]}
        />
        {form.values.drop ? (
          <Text size="sm" c="dimmed">
            A dropped event goes no further: it is not written down, and makes no alert. It is counted, here
            and in the answer to the sender.
          </Text>
        ) : (
          <>
            <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
              <Select
                label="Severity"
                placeholder="Unchanged"
                clearable
                data={[...severities]}
                {...form.getInputProps('set.severity')}
                value={form.values.set.severity || null}
                onChange={choose('set.severity', '')}
              />
              {(['type', 'project', 'alert_type'] as const).map((target) => (
                <TextInput
                  key={target}
                  label={labels[target]}
                  placeholder={placeholders[target]}
                  maxLength={256}
                  {...form.getInputProps(`set.${target}`)}
                />
              ))}
              <TagsInput
                label="Tags to add"
                placeholder={form.values.set.tags.length ? undefined : 'None'}
                maxTags={32}
                {...form.getInputProps('set.tags')}
              />
              <TagsInput
                label="Labels to set"
                description="name=value; an empty value takes it away"
                placeholder={form.values.set.labels.length ? undefined : 'team=blue'}
                maxTags={32}
                {...form.getInputProps('set.labels')}
              />
              {me.accounts.length > 1 && (
                <Select
                  label="Account"
                  description="The event then belongs to it"
                  placeholder="The sender’s own"
                  clearable
                  searchable
                  data={me.accounts.map((each) => ({ value: each.name, label: each.title || each.name }))}
                  {...form.getInputProps('set.account')}
                  value={form.values.set.account || null}
                  onChange={choose('set.account', '')}
                />
              )}
            </SimpleGrid>
            <div>
              <Button size="compact-sm" variant="subtle" onClick={toggle} aria-expanded={more}>
                {more ? 'Hide computed values' : 'Compute values by expressions'}
              </Button>
              <Collapse expanded={more}>
                <Stack gap="sm" mt="sm">
                  <Text size="sm" c="dimmed">
                    Each sees the event as it was before the rule:{' '}
                    <span className="mono">{'event.labels["k8s.ns"]'}</span>.
                  </Text>
                  <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
                    {targets.map((target) => (
                      <TextInput
                        key={target}
                        label={`${labels[target]}, computed`}
                        spellCheck={false}
                        maxLength={4096}
                        classNames={{ input: 'mono' }}
                        {...form.getInputProps(`compute.${target}`)}
                      />
                    ))}
                    <TextInput
                      label="Tags, computed"
                      placeholder="a list of texts"
                      spellCheck={false}
                      maxLength={4096}
                      classNames={{ input: 'mono' }}
                      {...form.getInputProps('compute.tags')}
                    />
                    <TextInput
                      label="Labels, computed"
                      placeholder={'{"ns": event.project}'}
                      spellCheck={false}
                      maxLength={4096}
                      classNames={{ input: 'mono' }}
                      {...form.getInputProps('compute.labels')}
                    />
                  </SimpleGrid>
                </Stack>
              </Collapse>
            </div>
          </>
        )}
        <MappingTrial
          draft={() => ruleOf({ ...form.values, name: form.values.name || 'A rule that is tried' })}
          refused={(fields) => form.setErrors(fields)}
        />
        <FormFoot
          verb={rule ? 'Save' : 'Create rule'}
          busy={busy}
          problem={problem}
          cancel={close}
          reload={() => void changed()}
        />
      </Stack>
    </form>
  )
}
