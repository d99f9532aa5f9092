import { Box, Group, ScrollArea, Text } from '@mantine/core'
import { Copy } from './Copy'
import classes from './Json.module.css'
import { tokens } from './tokens'

/** longestJson is how many characters of a document are coloured; a longer one is shown plain. */
const longestJson = 200_000

/**
 * Json shows a document with its parts coloured, as text only. value may be a document, or its text as it came; plain says
 * that this text is no JSON, and has no parts.
 */
export function Json({
  value,
  label,
  maxHeight = 420,
  plain = false,
}: {
  value: unknown
  label?: string
  maxHeight?: number
  plain?: boolean
}) {
  const text = typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? '')
  return (
    <Box className={classes.box}>
      <Group justify="space-between" px="sm" py={4} className={classes.head}>
        <Text size="xs" c="dimmed">
          {label ?? 'JSON'}
        </Text>
        <Copy text={text} what={label ?? 'the document'} />
      </Group>
      <ScrollArea.Autosize
        mah={maxHeight}
        type="auto"
        viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': label ?? 'JSON' }}
      >
        <pre className={classes.text}>
          {plain || text.length > longestJson ? text : <Coloured text={text} />}
        </pre>
      </ScrollArea.Autosize>
    </Box>
  )
}

function Coloured({ text }: { text: string }) {
  return tokens(text).map((token, i) =>
    token.kind === 'plain' ? (
      token.text
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: the tokens of one text never move
      <span key={i} data-kind={token.kind}>
        {token.text}
      </span>
    ),
  )
}
