import { Text } from '@mantine/core'
import { inputID, useForm } from './context'
import { FieldGrid } from './FieldGrid'
import type { InputProps } from './FieldInput'
import classes from './Form.module.css'
import type { Values } from './field'

/** ObjectInput shows the fields of an object in a frame. */
export function ObjectInput({ field, path, value, onChange }: InputProps) {
  const { errors } = useForm()
  const values = (typeof value === 'object' && value !== null ? value : {}) as Values
  return (
    <fieldset className={classes.nested} id={inputID(path)} tabIndex={-1}>
      <legend>
        <Text span size="sm" fw={600} px={4}>
          {field.title}
        </Text>
      </legend>
      {field.help && (
        <Text size="xs" c="dimmed" mb="sm">
          {field.help}
        </Text>
      )}
      {errors[path] && (
        <Text size="xs" c="error" mb="sm" role="alert">
          {errors[path]}
        </Text>
      )}
      <FieldGrid
        fields={field.fields}
        values={values}
        path={path}
        onChange={(next) => onChange(Object.keys(next).length === 0 ? undefined : next)}
      />
    </fieldset>
  )
}
