import { Alert, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { formErrors } from './context'

/** FormErrors shows what is wrong with a form as a whole. */
export function FormErrors({ messages }: { messages: string[] }) {
  if (messages.length === 0) return null
  return (
    <Alert
      id={formErrors}
      tabIndex={-1}
      role="alert"
      color="red"
      variant="light"
      icon={<IconAlertTriangle aria-hidden />}
    >
      {messages.map((each) => (
        <Text size="sm" key={each}>
          {each}
        </Text>
      ))}
    </Alert>
  )
}
