import { Button, Group, MultiSelect, Select, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { DateTimePicker } from '@mantine/dates'
import { useForm } from '@mantine/form'
import { randomId } from '@mantine/hooks'
import { IconPlus } from '@tabler/icons-react'
import { done } from '@/act/notify'
import { api } from '@/api/client'
import { hubNow } from '@/clock/hub'
import { useIntegrationsByID } from '@/integration/integrations'
import { FormFoot } from '../form/FormFoot'
import { useSubmit } from '../form/useSubmit'
import { type About, type Draft, fieldOf, filledRows, newDraft, silenceOf, waitsFor } from './draft'
import { MatcherRow } from './MatcherRow'
import { SilenceTrial } from './SilenceTrial'

const terms = [
  { value: '30', label: 'for 30 minutes' },
  { value: '60', label: 'for an hour' },
  { value: '120', label: 'for two hours' },
  { value: '480', label: 'for eight hours' },
  { value: '1440', label: 'for a day' },
  { value: '10080', label: 'for a week' },
  { value: 'until', label: 'until a time' },
]

/** mostMatchers is how many conditions the form takes. */
const mostMatchers = 20

/** SilenceForm creates a silence, and shows before what it would be about. */
export function SilenceForm({
  about,
  close,
  changed,
}: {
  about?: About
  close: () => void
  changed: () => Promise<unknown>
}) {
  const integrations = useIntegrationsByID()
  const form = useForm<Draft>({ initialValues: newDraft(about) })
  const rows = form.values.matchers
  const aboutNothing = filledRows(rows).length === 0 && form.values.where.trim() === ''
  const waiting = waitsFor(form.values)
  const { submit, invalid, busy, problem } = useSubmit(
    form,
    async (draft) => {
      await api.POST('/api/v1/silences', { body: silenceOf(draft, hubNow()) })
      await changed()
      close()
      done('The silence is created.')
    },
    (field) => fieldOf(rows, field),
  )
  return (
    <form onSubmit={submit} onInvalidCapture={invalid}>
      <Stack>
        <div role="group" aria-label="What it is about">
          <Text size="sm" fw={600}>
            What it is about
          </Text>
          <Text size="xs" c="dimmed" mb={6}>
            All of it must hold. In “is like”, * stands for any text.
          </Text>
          <Stack gap="xs">
            {rows.map((row, i) => (
              <MatcherRow
                key={row.key}
                form={form}
                index={i}
                remove={rows.length > 1 ? () => form.removeListItem('matchers', i) : undefined}
              />
            ))}
          </Stack>
          <Button
            mt="xs"
            size="compact-sm"
            variant="subtle"
            leftSection={<IconPlus size={14} aria-hidden />}
            disabled={rows.length >= mostMatchers}
            onClick={() =>
              form.insertListItem('matchers', {
                key: randomId(),
                field: 'severity',
                op: '=',
                name: '',
                value: '',
              })
            }
          >
            Add condition
          </Button>
        </div>
        <Textarea
          label="Expression"
          description="For what the conditions cannot say; optional"
          placeholder={'event.severity_level < HIGH && "staging" in event.tags'}
          autosize
          minRows={1}
          maxRows={6}
          maxLength={4096}
          spellCheck={false}
          classNames={{ input: 'mono' }}
          {...form.getInputProps('where')}
        />
        <SilenceTrial
          draft={() => silenceOf(form.values, hubNow())}
          disabled={aboutNothing}
          refused={(fields) =>
            form.setErrors(
              Object.fromEntries(
                Object.entries(fields).map(([field, message]) => [fieldOf(rows, field), message]),
              ),
            )
          }
        />
        <Group grow align="flex-start">
          <DateTimePicker
            label="Starts"
            placeholder="Now"
            clearable
            valueFormat="DD MMM YYYY HH:mm"
            minDate={new Date(hubNow())}
            {...form.getInputProps('from')}
            value={form.values.from || null}
            onChange={(value) => form.setFieldValue('from', value ?? '')}
          />
          <Select label="Duration" data={terms} allowDeselect={false} {...form.getInputProps('minutes')} />
        </Group>
        {form.values.minutes === 'until' && (
          <DateTimePicker
            label="Until"
            required
            valueFormat="DD MMM YYYY HH:mm"
            minDate={new Date(hubNow())}
            {...form.getInputProps('until')}
            value={form.values.until || null}
            onChange={(value) => form.setFieldValue('until', value ?? '')}
          />
        )}
        <MultiSelect
          label="Integrations"
          placeholder={form.values.integrations.length ? undefined : 'All of the account'}
          data={[...integrations.values()].map(({ id, name }) => ({ value: id, label: name }))}
          searchable
          clearable
          {...form.getInputProps('integrations')}
        />
        <TextInput
          label="Reason"
          placeholder="Load test of the shop"
          maxLength={1000}
          {...form.getInputProps('reason')}
        />
        <FormFoot
          verb="Create silence"
          busy={busy}
          problem={problem}
          cancel={close}
          disabled={waiting !== undefined}
        >
          {waiting && (
            <Text size="xs" c="dimmed" flex={{ base: '1 1 100%', sm: '1 1 200px' }}>
              {waiting}
            </Text>
          )}
        </FormFoot>
      </Stack>
    </form>
  )
}
