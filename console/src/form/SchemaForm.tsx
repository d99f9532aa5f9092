import { Box, Collapse, Text, UnstyledButton } from '@mantine/core'
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import { count } from '@/text/number'
import type { Errors } from './check'
import { errorsBelow, FormContext, type FormState } from './context'
import { FieldGrid } from './FieldGrid'
import classes from './Form.module.css'
import { type Field, pathOf, sectionsOf, type Values } from './field'

const none: readonly string[] = []

/**
 * SchemaForm shows the fields of a schema in sections, with those for few folded away. path is where the values stand in the
 * request ("settings"), which is how errors find their field.
 */
export function SchemaForm({
  fields,
  values,
  onChange,
  path,
  errors,
  voided = none,
  readOnly = false,
  aboutSecret,
}: {
  fields: Field[]
  values: Values
  onChange: (values: Values) => void
  path: string
  errors: Errors
  voided?: readonly string[]
  readOnly?: boolean
  aboutSecret?: FormState['aboutSecret']
}) {
  const state = useMemo(
    () => ({ errors, voided, readOnly, aboutSecret }),
    [errors, voided, readOnly, aboutSecret],
  )
  const seen = useMemo(
    () => fields.filter((field) => !field.deprecated || values[field.name] !== undefined),
    [fields, values],
  )
  const sections = sectionsOf(seen)
  const advanced = sections.filter((section) => section.advanced.length > 0)
  return (
    <FormContext value={state}>
      <Box>
        {sections
          .filter((section) => section.plain.length > 0)
          .map((section) => (
            <fieldset key={section.title} className={classes.section}>
              {section.title && <legend className={classes.legend}>{section.title}</legend>}
              <FieldGrid fields={section.plain} values={values} onChange={onChange} path={path} />
            </fieldset>
          ))}
        {advanced.length > 0 && (
          <Advanced
            fields={advanced.flatMap((section) => section.advanced)}
            values={values}
            wrong={advanced.some((section) =>
              section.advanced.some((field) => errorsBelow(errors, pathOf(path, field.name))),
            )}
          >
            {advanced.map((section) => (
              <fieldset key={section.title} className={classes.section}>
                {section.title && <legend className={classes.legend}>{section.title}</legend>}
                <FieldGrid fields={section.advanced} values={values} onChange={onChange} path={path} />
              </fieldset>
            ))}
          </Advanced>
        )}
      </Box>
    </FormContext>
  )
}

/** Advanced folds fields away. It opens by itself when one of them is wrong. */
function Advanced({
  fields,
  values,
  wrong,
  children,
}: {
  fields: Field[]
  values: Values
  wrong: boolean
  children: React.ReactNode
}) {
  const [opened, setOpened] = useState(false)
  const open = opened || wrong
  const set = fields.filter((field) => values[field.name] !== undefined).length
  const Picture = open ? IconChevronDown : IconChevronRight
  return (
    <Box mt="lg" style={{ borderTop: '1px solid var(--tocsin-line)' }}>
      <UnstyledButton className={classes.fold} aria-expanded={open} onClick={() => setOpened(!open)}>
        <Picture size={16} aria-hidden />
        Advanced
        <Text span size="xs" c="dimmed" fw={400}>
          {count(fields.length, 'setting')}
          {set > 0 ? `, ${set} changed from the default` : ''}
        </Text>
      </UnstyledButton>
      <Collapse expanded={open} keepMounted={false} transitionDuration={0}>
        <Box pb="xs">{children}</Box>
      </Collapse>
    </Box>
  )
}
