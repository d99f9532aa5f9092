import { Alert, Button, Code, Group, Stack, Text } from '@mantine/core'
import { IconAlertTriangle, IconRefresh } from '@tabler/icons-react'
import { asProblem, noAnswer, type Problem } from '@/api/problem'

/** Failure says what went wrong, what that means, and offers to try again where that can help. */
export function Failure({ error, retry, title }: { error: unknown; retry?: () => void; title?: string }) {
  const problem = asProblem(error)
  return (
    <Alert
      role="alert"
      color="red"
      variant="light"
      icon={<IconAlertTriangle aria-hidden />}
      title={title ?? heading(problem)}
      m="md"
    >
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{problem.message}</Text>
        {problem.status === 403 && (
          <Text size="sm">Ask an administrator of this account for the role that allows it.</Text>
        )}
        {problem.fields.map((field) => (
          <Text size="sm" key={`${field.field} ${field.message}`}>
            <Code>{field.field}</Code> {field.message}
          </Text>
        ))}
        {retry && mayHelp(problem) && (
          <Group>
            <Button
              size="xs"
              variant="light"
              color="red"
              leftSection={<IconRefresh size={14} aria-hidden />}
              onClick={retry}
            >
              Try again
            </Button>
          </Group>
        )}
      </Stack>
    </Alert>
  )
}

/** mayHelp says whether the same request may have another answer later. */
const mayHelp = ({ status }: Problem): boolean => ![400, 404, 405, 410, 422].includes(status)

function heading({ status, code }: Problem): string {
  if (code === noAnswer.slow) return 'The hub took too long'
  if (code === noAnswer.foreign) return 'This is not the hub’s answer'
  if (status === 0 || status === 502 || status === 504) return 'No connection to the hub'
  if (status === 403) return 'You may not see this'
  if (status === 404) return 'This is not here (any more)'
  if (status === 429) return 'Too many requests at once'
  if (status < 0) return 'Something went wrong in this page'
  return 'This did not work'
}
