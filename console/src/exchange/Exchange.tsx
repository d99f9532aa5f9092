import { Badge, Box, Group, SegmentedControl, Stack, Table, Text } from '@mantine/core'
import { useState } from 'react'
import type { Schemas } from '@/api/client'
import { Copy } from '@/text/Copy'
import { Json } from '@/text/Json'
import { bytes } from '@/text/number'
import { visible } from '@/text/visible'
import { saysJson, shownBody } from './body'
import classes from './Exchange.module.css'

/** RequestView shows a request as it goes over the wire; secrets are masked by the hub. */
export function RequestView({ request }: { request: Schemas['Request'] | null | undefined }) {
  if (!request)
    return (
      <Text size="sm" c="dimmed">
        No request was made.
      </Text>
    )
  return (
    <Stack gap="xs">
      <Group gap={8} wrap="nowrap" className={classes.line}>
        <Badge radius="sm" variant="filled" color="dark" style={{ flexShrink: 0 }}>
          {request.method}
        </Badge>
        <Text ff="monospace" size="sm" style={{ overflowWrap: 'anywhere' }} flex={1}>
          {visible(request.url)}
        </Text>
        <Copy text={request.url} what="the address" />
      </Group>
      <Headers headers={request.headers} label="Request headers" />
      <Body body={request.body} headers={request.headers} label="Request body" />
    </Stack>
  )
}

/** ResponseView shows what came back. */
export function ResponseView({ response }: { response: Schemas['Response'] | null | undefined }) {
  if (!response)
    return (
      <Text size="sm" c="dimmed">
        Nothing came back.
      </Text>
    )
  const good = response.status >= 200 && response.status < 300
  return (
    <Stack gap="xs">
      <Group gap={8} className={classes.line}>
        <Text
          fw={650}
          size="sm"
          className="numbers"
          style={{ color: good ? 'var(--tocsin-good)' : 'var(--tocsin-bad)' }}
        >
          Status {response.status}
        </Text>
      </Group>
      <Headers headers={response.headers} label="Response headers" />
      <Body body={response.body} headers={response.headers} label="Response body" />
    </Stack>
  )
}

function Headers({ headers, label }: { headers: Record<string, string>; label: string }) {
  const entries = Object.entries(headers ?? {})
  if (entries.length === 0) return null
  return (
    <Box className={classes.headers} tabIndex={0} role="region" aria-label={label}>
      <Table
        fz="xs"
        verticalSpacing={3}
        horizontalSpacing={10}
        borderColor="var(--tocsin-line)"
        aria-label={label}
      >
        <Table.Tbody>
          {entries.map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th scope="row" className={classes.header}>
                {visible(name)}
              </Table.Th>
              <Table.Td className="mono" style={{ overflowWrap: 'anywhere' }}>
                {visible(value)}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Box>
  )
}

function Body({ body, headers, label }: { body: string; headers: Record<string, string>; label: string }) {
  const [raw, setRaw] = useState('formatted')
  if (!body)
    return (
      <Text size="xs" c="dimmed">
        {label}: empty
      </Text>
    )
  const laid = shownBody(body)
  return (
    <Stack gap={4}>
      <Json
        value={visible(raw === 'as sent' ? body : laid.text)}
        label={`${label}, ${bytes(new TextEncoder().encode(body).length)}`}
        maxHeight={360}
        plain={!laid.json && !saysJson(headers)}
      />
      {laid.json && (
        <SegmentedControl
          size="xs"
          w="fit-content"
          data={['formatted', 'as sent']}
          value={raw}
          onChange={setRaw}
          aria-label={`How the ${label.toLowerCase()} is shown`}
        />
      )}
    </Stack>
  )
}
