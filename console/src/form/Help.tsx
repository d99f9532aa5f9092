import { Badge, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Field } from './field'
import { hint } from './hint'

/** Help explains a field: what it is for, how it is written, and whether it is going away. */
export function Help({ field, text = field.help }: { field: Field; text?: string }): ReactNode {
  const how = hint(field)
  if (!text && !how && !field.deprecated) return null
  return (
    <>
      {field.deprecated && (
        <Text inherit span display="block">
          <Badge size="xs" variant="light" color="yellow" mr={6} component="span">
            Going away
          </Badge>
          {field.instead}
        </Text>
      )}
      {[text, how].filter(Boolean).join(' ')}
    </>
  )
}
