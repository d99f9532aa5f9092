import { Select, Switch, Text, Textarea, TextInput } from '@mantine/core'
import { useState } from 'react'
import { choicesOf } from './choice'
import { errorsBelow, inputID, useForm } from './context'
import { type Field, NotJSON, type Values } from './field'
import { Help } from './Help'
import { shown } from './hint'
import { ItemsInput } from './ItemsInput'
import { ListInput } from './ListInput'
import { NumberField } from './NumberField'
import { ObjectInput } from './ObjectInput'
import { SecretInput } from './SecretInput'

/** InputProps are what each kind of input is given. An undefined value is one that nobody entered: the default holds. */
export interface InputProps {
  field: Field
  path: string
  value: unknown
  /** beside are the values of the fields next to it. */
  beside: Values
  onChange: (value: unknown) => void
}

/** FieldInput is the input of a field, by its kind. */
export function FieldInput(props: InputProps) {
  if (props.field.secret !== 'no') return <SecretInput {...props} />
  switch (props.field.kind) {
    case 'object':
      return <ObjectInput {...props} />
    case 'list':
      return <ListInput {...props} />
    case 'texts':
    case 'durations':
      return <ItemsInput {...props} />
    case 'boolean':
      return <BooleanInput {...props} />
    case 'choice':
      return <ChoiceInput {...props} />
    case 'integer':
    case 'number':
      return <NumberField {...props} />
    case 'json':
      return <JSONInput {...props} />
    default:
      return <TextField {...props} />
  }
}

/** sentence begins a message, which the hub writes to stand behind a field's name, with a capital. */
export const sentence = (message: string | undefined): string | undefined =>
  message && message.charAt(0).toUpperCase() + message.slice(1)

/** useInput is what all inputs have in common. */
export function useInput({ field, path }: InputProps) {
  const { errors, readOnly } = useForm()
  return {
    id: inputID(path),
    label: field.title,
    description: <Help field={field} />,
    error: sentence(errors[path]),
    required: field.required,
    readOnly,
    // What is not known by its look is known by its name.
    name: path,
    autoComplete: 'off',
  }
}

function TextField(props: InputProps) {
  const { field, value, onChange } = props
  const common = useInput(props)
  const placeholder = shown(field.byDefault) || field.example
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : ''
  const change = (next: string) => onChange(next === '' ? undefined : next)
  if (field.lines) {
    return (
      <Textarea
        {...common}
        value={text}
        placeholder={field.pem ? '-----BEGIN …' : placeholder}
        autosize
        minRows={field.pem ? 3 : 2}
        maxRows={14}
        spellCheck={false}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 13 } }}
        onChange={(event) => change(event.currentTarget.value)}
      />
    )
  }
  return (
    <TextInput
      {...common}
      value={text}
      placeholder={placeholder}
      spellCheck={false}
      inputMode={field.uri ? 'url' : undefined}
      onChange={(event) => change(event.currentTarget.value)}
    />
  )
}

function BooleanInput(props: InputProps) {
  const { field, path, value, onChange } = props
  const { errors, readOnly } = useForm()
  const byDefault = field.byDefault === true
  const checked = typeof value === 'boolean' ? value : byDefault
  return (
    <Switch
      id={inputID(path)}
      label={field.title}
      description={<Help field={field} />}
      error={sentence(errors[path])}
      checked={checked}
      disabled={readOnly}
      onChange={(event) => {
        const next = event.currentTarget.checked
        onChange(next === byDefault ? undefined : next)
      }}
    />
  )
}

function ChoiceInput(props: InputProps) {
  const { field, value, onChange } = props
  const common = useInput(props)
  const { intro, each } = choicesOf(field.help, field.choices)
  const byDefault = shown(field.byDefault)
  const chosen = typeof value === 'string' ? value : null
  const about = each[chosen ?? byDefault]
  return (
    <Select
      {...common}
      data={field.choices}
      value={chosen}
      placeholder={byDefault ? `${byDefault} (default)` : 'Choose'}
      clearable={!field.required && !common.readOnly}
      clearButtonProps={{ 'aria-label': `Clear ${field.title}` }}
      searchable={field.choices.length > 8}
      maxDropdownHeight={320}
      description={
        <>
          <Help field={field} text={intro} />
          {about && (
            <Text inherit span display="block">
              {about}
            </Text>
          )}
        </>
      }
      renderOption={({ option }) => (
        <span>
          <Text size="sm" fw={each[option.value] ? 600 : undefined}>
            {option.label}
          </Text>
          {each[option.value] && (
            <Text size="xs" c="dimmed">
              {each[option.value]}
            </Text>
          )}
        </span>
      )}
      onChange={(next) => onChange(next ?? undefined)}
    />
  )
}

function JSONInput(props: InputProps) {
  const { value, onChange } = props
  const { errors } = useForm()
  const common = useInput(props)
  const [text, setText] = useState(() =>
    value instanceof NotJSON ? value.text : value === undefined ? '' : JSON.stringify(value, null, 2),
  )
  return (
    <Textarea
      {...common}
      value={text}
      autosize
      minRows={3}
      maxRows={14}
      spellCheck={false}
      placeholder="JSON"
      error={common.error ?? errorsBelow(errors, props.path)}
      styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 13 } }}
      onChange={(event) => {
        const next = event.currentTarget.value
        setText(next)
        onChange(parsed(next))
      }}
    />
  )
}

function parsed(text: string): unknown {
  if (text.trim() === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return new NotJSON(text)
  }
}
