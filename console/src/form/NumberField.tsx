import { NumberInput } from '@mantine/core'
import { type InputProps, useInput } from './FieldInput'
import { shown } from './hint'

/** NumberField takes a number. What is out of bounds stays, and is told: a number is not changed behind one's back. */
export function NumberField(props: InputProps) {
  const { field, value, onChange } = props
  const common = useInput(props)
  return (
    <NumberInput
      {...common}
      value={typeof value === 'number' || typeof value === 'string' ? value : ''}
      placeholder={shown(field.byDefault)}
      allowDecimal={field.kind === 'number'}
      clampBehavior="none"
      min={field.least}
      max={field.most}
      onChange={(next) => onChange(next === '' ? undefined : next)}
    />
  )
}
