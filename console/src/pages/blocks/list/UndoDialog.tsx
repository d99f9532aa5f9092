import {
  Alert,
  Button,
  Checkbox,
  Group,
  List,
  Modal,
  NumberInput,
  Select,
  Stack,
  Text,
  TextInput,
} from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { done } from '@/act/notify'
import { api, type Schemas } from '@/api/client'
import { asProblem } from '@/api/problem'
import { hubNow } from '@/clock/hub'
import { EventText } from '@/text/EventText'
import { count, full } from '@/text/number'
import { useBlocksChanged } from './useBlocks'

/** mostUndone is how many blocks the API ends at once. */
const mostUndone = 10_000
const mostShown = 10

const spans: Record<string, { label: string; minutes: number }> = {
  '5m': { label: 'the last 5 minutes', minutes: 5 },
  '15m': { label: 'the last 15 minutes', minutes: 15 },
  '1h': { label: 'the last hour', minutes: 60 },
  '24h': { label: 'the last day', minutes: 1_440 },
}

/** UndoDialog ends what was blocked by mistake: the newest so many, or all of a time; first it says which they are. */
export function UndoDialog({ opened, close }: { opened: boolean; close: () => void }) {
  return (
    <Modal
      opened={opened}
      onClose={close}
      title="Undo the newest blocks"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {opened && <Undo close={close} />}
    </Modal>
  )
}

function Undo({ close }: { close: () => void }) {
  const changed = useBlocksChanged()
  const [by, setBy] = useState<string>('last')
  const [last, setLast] = useState<number>(5)
  const [mine, setMine] = useState(true)
  const [reason, setReason] = useState('')
  const [found, setFound] = useState<{ spec: Schemas['BlockUndo']; ended: Schemas['BlocksEnded'] }>()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState('')
  const forget = () => {
    setFound(undefined)
    setError('')
  }
  const run = async (spec: Schemas['BlockUndo']) => {
    setBusy(true)
    setError('')
    try {
      return (await api.POST('/api/v1/blocks/undo', { body: spec })).data
    } catch (thrown) {
      setError(asProblem(thrown).message)
      return undefined
    } finally {
      setBusy(false)
    }
  }
  const look = async () => {
    const span = spans[by]
    const spec = {
      ...(span ? { since: new Date(hubNow() - span.minutes * 60_000).toISOString() } : { last }),
      ...(mine ? { mine } : {}),
    }
    const ended = await run({ ...spec, dry_run: true })
    if (ended) setFound({ spec, ended })
  }
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (busy) return
    if (!found) return look()
    if (found.ended.count === 0) return
    const ended = await run({ ...found.spec, ...(reason.trim() ? { reason: reason.trim() } : {}) })
    if (!ended) return
    done(`${count(ended.count, 'block')} ended; the responders are removing them.`)
    await changed()
    close()
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="sm">
        <Text size="sm">Ends open blocks, the newest first. You see which before anything happens.</Text>
        <Group grow align="flex-start">
          <Select
            label="Which"
            allowDeselect={false}
            value={by}
            data={[
              { value: 'last', label: 'A number of them' },
              ...Object.entries(spans).map(([value, { label }]) => ({ value, label: `All of ${label}` })),
            ]}
            onChange={(value) => {
              setBy(value ?? 'last')
              forget()
            }}
            data-autofocus
          />
          {by === 'last' && (
            <NumberInput
              label="How many"
              min={1}
              max={mostUndone}
              allowDecimal={false}
              value={last}
              onChange={(value) => {
                setLast(Math.max(1, Number(value) || 1))
                forget()
              }}
            />
          )}
        </Group>
        <Checkbox
          label="Only those that I requested"
          checked={mine}
          onChange={(e) => {
            setMine(e.currentTarget.checked)
            forget()
          }}
        />
        {found && <Found ended={found.ended} />}
        {found && found.ended.count > 0 && (
          <TextInput
            label="Why (for the record)"
            value={reason}
            maxLength={500}
            onChange={(e) => setReason(e.currentTarget.value)}
          />
        )}
        {error && (
          <Text role="alert" size="sm" c="error">
            {error}
          </Text>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          {found && found.ended.count > 0 ? (
            <Button type="submit" color="red.9" loading={busy}>
              End {count(found.ended.count, 'block')}
            </Button>
          ) : (
            <Button type="submit" loading={busy}>
              Show which
            </Button>
          )}
        </Group>
      </Stack>
    </form>
  )
}

function Found({ ended }: { ended: Schemas['BlocksEnded'] }) {
  if (ended.count === 0) {
    return (
      <Alert variant="light" color="gray" role="status">
        No open block matches.
      </Alert>
    )
  }
  return (
    <Alert variant="light" color="yellow" role="status" title={`${count(ended.count, 'block')} would end`}>
      <List size="sm" spacing={2}>
        {ended.items.slice(0, mostShown).map((block) => (
          <List.Item key={block.id}>
            <span className="mono">{block.target}</span>{' '}
            <Text span size="xs">
              <EventText>{block.reason.slice(0, 80)}</EventText>
            </Text>
          </List.Item>
        ))}
        {ended.count > mostShown && <List.Item>and {full(ended.count - mostShown)} more</List.Item>}
      </List>
    </Alert>
  )
}
