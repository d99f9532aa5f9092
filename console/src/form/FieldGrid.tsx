import { useCallback } from 'react'
import { FieldInput } from './FieldInput'
import classes from './Form.module.css'
import { type Field, pathOf, type Values } from './field'

// What is short stands beside its like; the rest has the whole width.
const narrow: ReadonlySet<string> = new Set(['integer', 'number', 'duration', 'size', 'boolean'])

/** FieldGrid shows fields, each with its help. */
export function FieldGrid({
  fields,
  values,
  onChange,
  path,
}: {
  fields: Field[]
  values: Values
  onChange: (values: Values) => void
  path: string
}) {
  const set = useCallback(
    (name: string, value: unknown) => {
      const next = { ...values }
      if (value === undefined) delete next[name]
      else next[name] = value
      onChange(next)
    },
    [values, onChange],
  )
  return (
    <div className={classes.grid}>
      {fields.map((field) => (
        <div
          key={field.name}
          className={narrow.has(field.kind) || isShortChoice(field) ? undefined : classes.wide}
        >
          <FieldInput
            field={field}
            path={pathOf(path, field.name)}
            value={values[field.name]}
            beside={values}
            onChange={(value) => set(field.name, value)}
          />
        </div>
      ))}
    </div>
  )
}

/** isShortChoice says whether a choice fits beside another field: few words, explained in few. */
const isShortChoice = (field: Field): boolean => field.kind === 'choice' && field.help.length < 160
