import { TagsInput } from '@mantine/core'
import { useForm } from './context'
import { type InputProps, useInput } from './FieldInput'
import { shown } from './hint'

/** ItemsInput takes a list of texts, or of durations, whose order and repeats count. */
export function ItemsInput(props: InputProps) {
  const { field, path, value, onChange } = props
  const { errors } = useForm()
  const common = useInput(props)
  const items = Array.isArray(value) ? value.map(String) : []
  const wrong = items.findIndex((_, i) => errors[`${path}.${i}`])
  const message = wrong >= 0 ? `${items[wrong]} ${errors[`${path}.${wrong}`]}` : undefined
  return (
    <TagsInput
      {...common}
      data-items
      error={common.error ?? message}
      value={items}
      placeholder={items.length === 0 ? shown(field.byDefault) || field.example : ''}
      splitChars={field.kind === 'durations' ? [',', ' '] : [',']}
      allowDuplicates={field.kind === 'durations'}
      clearable={!common.readOnly}
      clearButtonProps={{ 'aria-label': `Clear ${field.title}` }}
      onChange={(next) => onChange(next.length === 0 ? undefined : next)}
    />
  )
}
