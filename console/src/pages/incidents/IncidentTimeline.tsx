import { Button, Group, Textarea } from '@mantine/core'
import { type FormEvent, useMemo, useState } from 'react'
import { failed } from '@/act/notify'
import { useUnsaved } from '@/act/unsaved'
import { api, type Schemas } from '@/api/client'
import { History } from '@/history/History'
import { Panel } from '@/page/Panel'
import { Failure } from '@/state/Failure'
import { Loading } from '@/state/Loading'
import { usePages } from '@/table/pages'
import { useIncidentAlerts } from './useIncidentAlerts'

type Line = Schemas['IncidentLine']

const path = '/api/v1/incidents/{number}/timeline'

/** pageLines is how many lines of a timeline are read at once: what the API gives at most. */
const pageLines = 500

/** useTimeline reads the timeline of an incident, the oldest first. */
export function useTimeline(number: string) {
  return usePages<Line, { items: Line[]; next?: string }>(['get', path, number], async (cursor, signal) => {
    const params = { path: { number }, query: { limit: pageLines, ...(cursor ? { cursor } : {}) } }
    return (await api.GET(path, { params, signal })).data ?? { items: [] }
  })
}

/** IncidentTimeline is everything that happened to an incident, and a place for a note. */
export function IncidentTimeline(p: { number: string; mayWrite: boolean; again: () => Promise<void> }) {
  const list = useTimeline(p.number)
  const { rows: alerts } = useIncidentAlerts(p.number)
  const titles = useMemo(() => new Map(alerts.map(({ id, title }) => [id, title])), [alerts])
  return (
    <Panel title="Timeline">
      {p.mayWrite && <NoteForm number={p.number} again={p.again} />}
      {list.loading ? <Loading lines={4} /> : <History lines={list.rows} titles={titles} />}
      {list.error ? <Failure error={list.error} retry={list.retry} /> : null}
      {list.hasMore && (
        <Button variant="subtle" size="xs" loading={list.loadingMore} onClick={list.loadMore}>
          Show what happened later
        </Button>
      )}
    </Panel>
  )
}

/** longestNote is how many characters a note may have; the hub counts bytes, and says if they are too many (16 KiB). */
const longestNote = 16_384

function NoteForm({ number, again }: { number: string; again: () => Promise<void> }) {
  const [text, setText] = useState('')
  const [busy, setBusy] = useState(false)
  useUnsaved(text.trim() !== '' && !busy)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    try {
      await api.POST('/api/v1/incidents/{number}/notes', {
        params: { path: { number } },
        body: { text: text.trim() },
      })
      setText('')
      await again()
    } catch (thrown) {
      failed('Adding the note', thrown)
    } finally {
      setBusy(false)
    }
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Textarea
        label="Note"
        placeholder="What you found out, or what was done. It goes to integrations, too."
        value={text}
        onChange={(e) => setText(e.currentTarget.value)}
        maxLength={longestNote}
        autosize
        minRows={2}
        maxRows={10}
      />
      <Group justify="flex-end" mt={6} mb="sm">
        <Button type="submit" size="xs" variant="default" disabled={!text.trim()} loading={busy}>
          Add note
        </Button>
      </Group>
    </form>
  )
}
