import { Alert, Progress as Bar, Button, Group, List, Stack, Text, TextInput } from '@mantine/core'
import { type FormEvent, type ReactNode, useRef, useState } from 'react'
import { FormModal } from '@/act/FormModal'
import { done } from '@/act/notify'
import { useUnsaved } from '@/act/unsaved'
import { EventText } from '@/text/EventText'
import { count, full } from '@/text/number'
import type { Block } from '../words'
import { many, type Progress } from './many'

/** ManyAct is something that is done to several blocks, after a question. */
export interface ManyAct {
  /** title asks: "Unblock 3 targets?" */
  title: string
  text: ReactNode
  /** verb is what the button says, past what was done: "unblocked". */
  verb: string
  past: string
  danger?: boolean
  /** reason is the label of the field for it; none: nobody is asked. */
  reason?: string
  optionalReason?: boolean
  blocks: readonly Block[]
  act: (block: Block, reason: string) => Promise<unknown>
  undo?: (block: Block) => Promise<unknown>
}

/** mostShown is how many failures, and how many targets, are listed. */
const mostShown = 8

/** ManyDialog asks once, does it block by block with a bar that can be stopped, and says what could not be done. */
export function ManyDialog({ what, close }: { what: ManyAct | undefined; close: () => void }) {
  return (
    <FormModal
      opened={what !== undefined}
      onClose={close}
      title={what?.title}
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {what && <Asking what={what} close={close} />}
    </FormModal>
  )
}

function Asking({ what, close }: { what: ManyAct; close: () => void }) {
  const [reason, setReason] = useState('')
  const [progress, setProgress] = useState<Progress<Block>>()
  const [ended, setEnded] = useState(false)
  useUnsaved(reason !== '' && progress === undefined)
  const end = useRef(new AbortController())
  const missing = what.reason !== undefined && !what.optionalReason && !reason.trim()
  const go = async (event: FormEvent) => {
    event.preventDefault()
    if (missing || progress) return
    end.current = new AbortController()
    setProgress({ total: what.blocks.length, done: [], failed: [] })
    const result = await many(
      what.blocks,
      (block) => what.act(block, reason.trim()),
      setProgress,
      end.current.signal,
    )
    setEnded(true)
    const { undo } = what
    if (result.done.length > 0) {
      done(
        `${count(result.done.length, 'block')} ${what.past}.`,
        undo &&
          (async () => {
            const back = await many(result.done, undo, () => {}, new AbortController().signal)
            const [first] = back.failed
            if (first) throw Object.assign(new Error(first.why), { name: 'Undo' })
          }),
      )
    }
    if (result.failed.length === 0 && !end.current.signal.aborted) close()
  }
  if (progress) {
    return (
      <Going what={what} progress={progress} ended={ended} stop={() => end.current.abort()} close={close} />
    )
  }
  return (
    <form onSubmit={(event) => void go(event)}>
      <Stack>
        <Text size="sm" component="div">
          {what.text}
        </Text>
        <Targets blocks={what.blocks} />
        {what.reason && (
          <TextInput
            label={what.reason}
            value={reason}
            onChange={(e) => setReason(e.currentTarget.value)}
            required={!what.optionalReason}
            maxLength={1000}
            data-autofocus
          />
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" color={what.danger ? 'red.9' : undefined} disabled={missing}>
            {what.verb}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function Targets({ blocks }: { blocks: readonly Block[] }) {
  return (
    <List size="sm" spacing={2}>
      {blocks.slice(0, mostShown).map((block) => (
        <List.Item key={block.id}>
          <span className="mono">{block.target}</span>
          {block.reason && (
            <Text span size="xs" c="dimmed">
              {' · '}
              <EventText>{block.reason.slice(0, 80)}</EventText>
            </Text>
          )}
        </List.Item>
      ))}
      {blocks.length > mostShown && <List.Item>and {full(blocks.length - mostShown)} more</List.Item>}
    </List>
  )
}

function Going({
  what,
  progress,
  ended,
  stop,
  close,
}: {
  what: ManyAct
  progress: Progress<Block>
  ended: boolean
  stop: () => void
  close: () => void
}) {
  const over = progress.done.length + progress.failed.length
  return (
    <Stack>
      <Bar
        value={(100 * over) / Math.max(1, progress.total)}
        aria-label={`${over} of ${progress.total}`}
        color={progress.failed.length > 0 ? 'red.9' : undefined}
      />
      <Text size="sm" role="status">
        {full(progress.done.length)} of {count(progress.total, 'block')} {what.past}
        {progress.failed.length > 0 && `, ${full(progress.failed.length)} not`}
      </Text>
      {progress.failed.length > 0 && (
        <Alert color="red" variant="light" title="This was not done" role="alert">
          <List size="sm" spacing={4}>
            {progress.failed.slice(0, mostShown).map(({ item, why }) => (
              <List.Item key={item.id}>
                <span className="mono">{item.target}</span>: <EventText>{why}</EventText>
              </List.Item>
            ))}
            {progress.failed.length > mostShown && (
              <List.Item>and {full(progress.failed.length - mostShown)} more</List.Item>
            )}
          </List>
        </Alert>
      )}
      <Group justify="flex-end">
        {ended ? (
          <Button onClick={close}>Close</Button>
        ) : (
          <Button variant="default" onClick={stop}>
            Stop after what has begun
          </Button>
        )}
      </Group>
    </Stack>
  )
}
