import { Button, Code, Group, Loader, Modal, Stack, Text } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { done } from '@/act/notify'
import { asProblem } from '@/api/problem'
import { type Range, rangeInWords } from '@/filters/range'
import { TimeRange } from '@/filters/TimeRange'
import { bytes } from '@/text/number'
import { gather, save } from './download'

/** ExportDialog downloads the record of a span of time, showing how much has come, and can be cancelled. */
export function ExportDialog({
  opened,
  close,
  since,
  until,
}: {
  opened: boolean
  close: () => void
  since?: string
  until?: string
}) {
  const [range, setRange] = useState<Range>({})
  const [got, setGot] = useState<number>()
  const [error, setError] = useState('')
  const running = useRef<AbortController>(undefined)
  useEffect(() => {
    if (!opened) return
    setRange({ since, until })
    setError('')
    setGot(undefined)
    return () => running.current?.abort()
  }, [opened, since, until])

  const begin = async () => {
    const stop = new AbortController()
    running.current = stop
    setError('')
    setGot(0)
    const query = new URLSearchParams(
      Object.entries(range).filter(([, value]) => value) as [string, string][],
    )
    try {
      const file = await gather(`/api/v1/audit/export?${query}`, stop.signal, setGot)
      save(file, `tocsin-audit-${new Date().toISOString().slice(0, 10)}.ndjson`)
      done(`The record was exported: ${bytes(file.size)}.`)
      close()
    } catch (thrown) {
      if (!stop.signal.aborted) setError(asProblem(thrown).message)
    } finally {
      if (running.current === stop) setGot(undefined)
    }
  }
  return (
    <Modal opened={opened} onClose={close} title="Export the record">
      <Stack>
        <Text size="sm" c="dimmed">
          The chain as lines of JSON (NDJSON), for <Code>tocsin audit verify</Code> and for your archive. It
          ends with a checkpoint. Entries of other accounts are in it as hashes only. The export is an act,
          too, and stands in the record.
        </Text>
        <TimeRange value={range} onChange={setRange} />
        {error && (
          <Text size="sm" c="error" role="alert">
            {error}
          </Text>
        )}
        <Group justify="space-between" mih={36}>
          <Text size="sm" className="numbers" role="status">
            {got !== undefined && (
              <Group gap="xs" component="span">
                <Loader size="xs" aria-hidden /> {bytes(got)} so far
              </Group>
            )}
          </Text>
          <Group gap="xs">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button
              onClick={() => void begin()}
              disabled={got !== undefined}
              aria-label={`Export: ${rangeInWords(range)}`}
            >
              Export
            </Button>
          </Group>
        </Group>
      </Stack>
    </Modal>
  )
}
