import { Button, FileButton, Group, Select, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { IconUpload } from '@tabler/icons-react'
import { type FormEvent, useRef, useState } from 'react'
import { FormModal } from '@/act/FormModal'
import { done } from '@/act/notify'
import { useUnsaved } from '@/act/unsaved'
import { readProblem, requestHeaders, type Schemas } from '@/api/client'
import { asProblem } from '@/api/problem'
import { ask } from '@/api/reach'
import { durations } from '@/blocking/duration'
import { bytes, count, full } from '@/text/number'
import { useBlocksChanged } from '../list/useBlocks'
import { ImportResult } from './ImportResult'
import { bodyOf, mostBytes, mostLines, withDefaults } from './list'

/** ImportDialog blocks a list: pasted or from a file, first in a dry run that says what would become of each line. */
export function ImportDialog({ opened, close }: { opened: boolean; close: () => void }) {
  return (
    <FormModal
      opened={opened}
      onClose={close}
      title="Import a list of blocks"
      size="xl"
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {opened && <Importing close={close} />}
    </FormModal>
  )
}

function Importing({ close }: { close: () => void }) {
  const changed = useBlocksChanged()
  const [text, setText] = useState('')
  const [ttl, setTTL] = useState('')
  const [reason, setReason] = useState('')
  const [result, setResult] = useState<{ dry: boolean; of: Schemas['BlockImport'] }>()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState('')
  useUnsaved(text !== '' && (result === undefined || result.dry) && !busy)
  const end = useRef<AbortController>(undefined)
  const change = <T,>(set: (value: T) => void) => {
    return (value: T) => {
      set(value)
      setResult(undefined)
      setError('')
    }
  }
  const run = async (dry: boolean) => {
    setBusy(true)
    setError('')
    end.current = new AbortController()
    try {
      const { type, text: sent } = withDefaults(bodyOf(text), ttl, reason)
      const response = await ask(
        new Request(`/api/v1/blocks/import?dry_run=${dry}`, {
          method: 'POST',
          headers: { ...requestHeaders('POST'), 'Content-Type': type },
          credentials: 'same-origin',
          body: sent,
          signal: end.current.signal,
        }),
      )
      if (!response.ok) throw await readProblem(response)
      const of = (await response.json()) as Schemas['BlockImport']
      setResult({ dry, of })
      if (!dry) {
        await changed()
        done(`${count(made(of), 'block')} made of ${count(of.items.length, 'line')}.`)
      }
    } catch (thrown) {
      if (!end.current.signal.aborted) setError(asProblem(thrown).message)
    } finally {
      setBusy(false)
    }
  }
  const read = async (file: File | null) => {
    if (!file) return
    if (file.size > mostBytes) {
      setError(`The file has ${bytes(file.size)}; an import may have ${bytes(mostBytes)}.`)
      return
    }
    change(setText)(await file.text())
  }
  const would = result?.dry ? (result.of.counts.planned ?? 0) : 0
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!busy && text.trim()) void run(!(result?.dry && would > 0))
  }
  const over = result !== undefined && !result.dry
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Textarea
          label="List"
          description={`One target a line, or CSV with target, ttl and reason; JSON is taken, too. At most ${full(mostLines)} lines.`}
          placeholder={'203.0.113.7\n198.51.100.0/24,7d,Scanner'}
          value={text}
          onChange={(e) => change(setText)(e.currentTarget.value)}
          minRows={6}
          maxRows={12}
          autosize
          spellCheck={false}
          classNames={{ input: 'mono' }}
          disabled={over}
          data-autofocus
        />
        <Group align="flex-end" gap="sm">
          <FileButton
            onChange={(file) => void read(file)}
            accept=".csv,.txt,.json,text/csv,text/plain,application/json"
          >
            {(props) => (
              <Button
                {...props}
                variant="default"
                leftSection={<IconUpload size={16} aria-hidden />}
                disabled={over}
              >
                From a file
              </Button>
            )}
          </FileButton>
          <Select
            label="Duration of lines without one"
            flex="1 1 180px"
            data={durations}
            value={ttl}
            onChange={(value) => change(setTTL)(value ?? '')}
            allowDeselect={false}
            disabled={over}
          />
          <TextInput
            label="Reason of lines without one"
            flex="2 1 220px"
            value={reason}
            maxLength={1000}
            onChange={(e) => change(setReason)(e.currentTarget.value)}
            disabled={over}
          />
        </Group>
        {result && <ImportResult dry={result.dry} result={result.of} />}
        {error && (
          <Text role="alert" size="sm" c="error">
            {error}
          </Text>
        )}
        <Group justify="flex-end">
          {busy ? (
            <Button variant="default" onClick={() => end.current?.abort()}>
              Stop waiting
            </Button>
          ) : (
            <Button variant="default" onClick={close}>
              {over ? 'Close' : 'Cancel'}
            </Button>
          )}
          {!over && (
            <Button
              type="submit"
              loading={busy}
              disabled={!text.trim()}
              color={would > 0 ? 'red.9' : undefined}
            >
              {would > 0 ? `Import ${count(would, 'block')}` : 'Dry run'}
            </Button>
          )}
        </Group>
      </Stack>
    </form>
  )
}

const made = ({ counts }: Schemas['BlockImport']): number =>
  (counts.blocked ?? 0) + (counts.pending ?? 0) + (counts.merged ?? 0)
