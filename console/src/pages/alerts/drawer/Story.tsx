import { Button, Group, Stack, Textarea } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useUnsaved } from '@/act/unsaved'
import { api, type Schemas } from '@/api/client'
import { History } from '@/history/History'
import { merged } from '@/history/merge'
import { useLive } from '@/live/LiveProvider'
import { Failure } from '@/state/Failure'
import { usePages } from '@/table/pages'
import type { Alert } from '../matches'
import { useResponse } from './useResponse'

/** Story is the history of an alert and of what was done because of it, the newest first, with a place for notes. */
export function Story({ alert, note }: { alert: Alert; note?: (text: string) => Promise<boolean> }) {
  const path = { id: alert.id }
  const older = usePages<Schemas['AlertEntry'], Schemas['ListAlertEntry']>(
    ['get', '/api/v1/alerts/{id}/history', alert.id],
    async (cursor, signal) => {
      const params = { path, query: { limit: 100, ...(cursor ? { cursor } : {}) } }
      const { data } = await api.GET('/api/v1/alerts/{id}/history', { params, signal })
      return data ?? { items: [] }
    },
  )
  useLive('alert', (data) => {
    if ((data as Alert).id === alert.id) void older.refetch()
  })
  const response = useResponse(alert)
  const lines = merged(older.rows.length > 0 ? older.rows : (alert.history ?? []), response, older.hasMore)
  return (
    <Stack>
      {note && <NoteForm send={note} />}
      <History lines={lines} />
      {older.error ? <Failure error={older.error} retry={older.retry} /> : null}
      {older.hasMore && (
        <Button variant="subtle" size="xs" loading={older.loadingMore} onClick={older.loadMore}>
          Show what happened before
        </Button>
      )}
    </Stack>
  )
}

/** longestNote is how many characters a note may have. */
const longestNote = 4_096

function NoteForm({ send }: { send: (text: string) => Promise<boolean> }) {
  const [text, setText] = useState('')
  const [busy, setBusy] = useState(false)
  useUnsaved(text.trim() !== '' && !busy)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    if (await send(text.trim())) setText('')
    setBusy(false)
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Textarea
        label="Note"
        placeholder="What you found out, or what you did"
        value={text}
        onChange={(e) => setText(e.currentTarget.value)}
        maxLength={longestNote}
        autosize
        minRows={2}
        maxRows={8}
      />
      <Group justify="flex-end" mt={6}>
        <Button type="submit" size="xs" variant="default" disabled={!text.trim()} loading={busy}>
          Add note
        </Button>
      </Group>
    </form>
  )
}
