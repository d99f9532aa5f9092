import { ActionIcon, Select, TextInput } from '@mantine/core'
import type { UseFormReturnType } from '@mantine/form'
import { IconX } from '@tabler/icons-react'
import { type Draft, type MatcherField, matcherFields, matcherOps } from './draft'
import classes from './Silences.module.css'

/** MatcherRow is one condition of a silence. */
export function MatcherRow({
  form,
  index,
  remove,
}: {
  form: UseFormReturnType<Draft>
  index: number
  remove: (() => void) | undefined
}) {
  const row = form.values.matchers[index]
  if (!row) return null
  const nth = index + 1
  const path = `matchers.${index}` as const
  return (
    <div className={classes.matcher}>
      <Select
        className={classes.field}
        aria-label={`Field of condition ${nth}`}
        data={matcherFields}
        allowDeselect={false}
        searchable
        {...form.getInputProps(`${path}.field`)}
        onChange={(value) => form.setFieldValue(`${path}.field`, (value ?? 'rule') as MatcherField)}
      />
      {row.field === 'label' && (
        <TextInput
          className={classes.op}
          aria-label={`Name of the label of condition ${nth}`}
          placeholder="name"
          maxLength={256}
          {...form.getInputProps(`${path}.name`)}
        />
      )}
      <Select
        className={classes.op}
        aria-label={`Comparison of condition ${nth}`}
        data={[...matcherOps]}
        allowDeselect={false}
        {...form.getInputProps(`${path}.op`)}
      />
      <TextInput
        aria-label={`Value of condition ${nth}`}
        placeholder={row.op === 'one_of' ? 'one, another' : hints[row.field]}
        maxLength={1024}
        className={classes.value}
        data-autofocus={index === 0 || undefined}
        {...form.getInputProps(`${path}.value`)}
      />
      {remove && (
        <ActionIcon
          variant="subtle"
          color="gray"
          size="lg"
          aria-label={`Remove condition ${nth}`}
          onClick={remove}
        >
          <IconX size={16} aria-hidden />
        </ActionIcon>
      )}
    </div>
  )
}

const hints: Partial<Record<MatcherField, string>> = {
  rule: 'id or name of the rule',
  entity: 'ip:203.0.113.7',
  source: 'vendor, product or instance',
  project: 'production-api',
  severity: 'low',
  type: 'alert.created',
}
