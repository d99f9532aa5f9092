import { Alert, Code, Text } from '@mantine/core'
import { IconKey } from '@tabler/icons-react'

/** FreshHub tells whoever opens a hub without an owner how to become it. */
export function FreshHub() {
  return (
    <Alert
      color="bell"
      variant="light"
      icon={<IconKey size={18} aria-hidden />}
      title="This hub has no owner yet"
      role="status"
    >
      <Text size="sm">
        Open the link that the hub printed when it started, in its terminal or log. It looks like this, works
        once, and makes you the owner:
      </Text>
      <Code block mt="xs" fz={12} style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
        {`${window.location.origin}/setup#token=…`}
      </Code>
      <Text size="sm" mt="xs">
        Older than 24 hours? Restart the hub: until it has an owner, every start prints a new link.
      </Text>
    </Alert>
  )
}
