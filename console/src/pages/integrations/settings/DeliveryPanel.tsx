import { Box, Collapse, Text, UnstyledButton } from '@mantine/core'
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react'
import { useState } from 'react'
import type { Errors } from '@/form/check'
import { errorsBelow } from '@/form/context'
import type { Field, Values } from '@/form/field'
import { SchemaForm } from '@/form/SchemaForm'
import { Panel } from '@/page/Panel'
import { count } from '@/text/number'

/** DeliveryPanel takes how deliveries are made. Its defaults suit most, so that it is folded. */
export function DeliveryPanel({
  fields,
  values,
  onChange,
  errors,
  readOnly,
}: {
  fields: Field[]
  values: Values
  onChange: (values: Values) => void
  errors: Errors
  readOnly?: boolean
}) {
  const [opened, setOpened] = useState(false)
  const open = opened || errorsBelow(errors, 'delivery')
  const set = Object.keys(values).length
  const Picture = open ? IconChevronDown : IconChevronRight
  return (
    <Panel>
      <UnstyledButton
        aria-expanded={open}
        onClick={() => setOpened(!open)}
        style={{ display: 'flex', alignItems: 'center', gap: 8, width: '100%' }}
      >
        <Picture size={16} aria-hidden />
        <Text size="sm" fw={650} span>
          Delivery
        </Text>
        <Text size="xs" c="dimmed" span>
          order, rate, batches, retries, noise control
          {set > 0 ? `; ${count(set, 'part')} changed from the default` : ''}
        </Text>
      </UnstyledButton>
      <Collapse expanded={open} keepMounted={false} transitionDuration={0}>
        <Box pt="md">
          <SchemaForm
            fields={fields}
            values={values}
            onChange={onChange}
            path="delivery"
            errors={errors}
            readOnly={readOnly}
          />
        </Box>
      </Collapse>
    </Panel>
  )
}
