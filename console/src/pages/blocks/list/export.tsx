import { Button, Group, Text } from '@mantine/core'
import { randomId } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { failed } from '@/act/notify'
import { readProblem, requestHeaders } from '@/api/client'
import { reach } from '@/api/reach'
import { hubNow } from '@/clock/hub'
import { bytes } from '@/text/number'
import { type BlocksSearch, blocksQuery } from './search'

export type ExportFormat = 'csv' | 'json' | 'txt'

const kinds: Record<ExportFormat, string> = { csv: 'text/csv', json: 'application/json', txt: 'text/plain' }

/** exportURL is where what the filters let through is read. */
export function exportURL(search: BlocksSearch, format: ExportFormat, now: number): string {
  const query = new URLSearchParams({ format })
  for (const [name, value] of Object.entries(blocksQuery(search, now))) {
    query.set(name, Array.isArray(value) ? value.join(',') : String(value))
  }
  // Without a state the export has the active blocks only.
  if (!query.has('state')) query.set('state', 'open,removed,expired,rejected,lapsed')
  return `/api/v1/blocks/export?${query}`
}

/** exportBlocks saves what the filters let through as a file, saying how far it is; it can be cancelled. */
export async function exportBlocks(search: BlocksSearch, format: ExportFormat): Promise<void> {
  const id = randomId('export-')
  const end = new AbortController()
  const message = (read: number) => (
    <Group justify="space-between" wrap="nowrap">
      <Text size="sm">{bytes(read)} so far</Text>
      <Button size="compact-sm" variant="light" onClick={() => end.abort()}>
        Cancel
      </Button>
    </Group>
  )
  const notice = { id, loading: true, autoClose: false as const, title: 'Exporting blocks' }
  notifications.show({ ...notice, message: message(0) })
  try {
    const response = await reach(exportURL(search, format, hubNow()), {
      headers: { ...requestHeaders('GET'), Accept: kinds[format] },
      credentials: 'same-origin',
      signal: end.signal,
    })
    if (!response.ok || !response.body) throw await readProblem(response)
    const parts: BlobPart[] = []
    let read = 0
    const reader = response.body.getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      parts.push(value as Uint8Array<ArrayBuffer>)
      read += value.length
      notifications.update({ ...notice, message: message(read) })
    }
    save(new Blob(parts, { type: kinds[format] }), `tocsin-blocks.${format}`)
  } catch (thrown) {
    if (!end.signal.aborted) failed('Exporting blocks', thrown)
  } finally {
    notifications.hide(id)
  }
}

function save(blob: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  // The browser has taken it by the next turn.
  window.setTimeout(() => URL.revokeObjectURL(link.href), 1_000)
}
