import { Box, Group, Text } from '@mantine/core'
import { Copy } from '@/text/Copy'
import classes from './Snippet.module.css'

/** Snippet is a piece of text to take elsewhere: a command, an address, a secret. */
export function Snippet({ text, label }: { text: string; label: string }) {
  return (
    <Box className={classes.box}>
      <Group justify="space-between" px="sm" py={4} wrap="nowrap" className={classes.head}>
        <Text size="xs" c="dimmed" fw={600}>
          {label}
        </Text>
        <Copy text={text} what={label} />
      </Group>
      <pre className={classes.text} tabIndex={0} role="region" aria-label={label}>
        {text}
      </pre>
    </Box>
  )
}
