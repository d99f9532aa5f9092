import { Alert, Button, Group, List, Stack, Text, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { FormModal } from '@/act/FormModal'
import { done } from '@/act/notify'
import { useUnsaved } from '@/act/unsaved'
import { api, type Schemas } from '@/api/client'
import { asProblem, fieldMessages, type Problem } from '@/api/problem'
import { DurationInput } from '@/blocking/DurationInput'
import { permanent } from '@/blocking/duration'
import { EventText } from '@/text/EventText'
import { count, full } from '@/text/number'
import { useNeverBlockChanged } from './useNeverBlock'

const mostShown = 10

/** AddDialog exempts a range, first saying which open blocks that would end. */
export function AddDialog({ opened, close }: { opened: boolean; close: () => void }) {
  return (
    <FormModal
      opened={opened}
      onClose={close}
      title="Add to the never-block list"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {opened && <Add close={close} />}
    </FormModal>
  )
}

function Add({ close }: { close: () => void }) {
  const changed = useNeverBlockChanged()
  const [target, setTarget] = useState('')
  const [reason, setReason] = useState('')
  const [ttl, setTTL] = useState<string>(permanent)
  const [plan, setPlan] = useState<Schemas['NeverBlockAdded']>()
  const [problem, setProblem] = useState<Problem>()
  const [busy, setBusy] = useState(false)
  useUnsaved((target !== '' || reason !== '') && !busy)
  const forget = () => {
    setPlan(undefined)
    setProblem(undefined)
  }
  const ask = async (dry: boolean) => {
    const body = {
      target: target.trim(),
      reason: reason.trim(),
      ...(ttl && ttl !== permanent ? { ttl } : {}),
    }
    return (await api.POST('/api/v1/never-block', { params: { query: { dry_run: dry } }, body })).data
  }
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (busy) return
    setBusy(true)
    setProblem(undefined)
    try {
      const answer = await ask(plan === undefined)
      if (plan === undefined) {
        setPlan(answer)
        return
      }
      await changed()
      done(`${answer?.target ?? target} is never blocked from now on.`, async () => {
        await api.DELETE('/api/v1/never-block/{id}', { params: { path: { id: answer?.id ?? '' } } })
        await changed()
      })
      close()
    } catch (thrown) {
      setProblem(asProblem(thrown))
    } finally {
      setBusy(false)
    }
  }
  const fields = problem ? fieldMessages(problem) : {}
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="sm">
        <TextInput
          label="Address or range"
          placeholder="198.51.100.0/24"
          value={target}
          onChange={(e) => {
            setTarget(e.currentTarget.value)
            forget()
          }}
          required
          maxLength={64}
          autoComplete="off"
          spellCheck={false}
          error={fields['body.target'] ?? fields.target}
          data-autofocus
        />
        <TextInput
          label="Reason"
          description="It is shown with every refusal"
          placeholder="The office's way out"
          value={reason}
          onChange={(e) => {
            setReason(e.currentTarget.value)
            forget()
          }}
          required
          maxLength={1000}
          error={fields['body.reason'] ?? fields.reason}
        />
        <DurationInput
          label="For how long"
          value={ttl}
          onChange={(next) => {
            setTTL(next)
            forget()
          }}
          error={fields['body.ttl'] ?? fields.ttl}
        />
        {plan && <Ended plan={plan} />}
        {problem && problem.fields.length === 0 && (
          <Text role="alert" size="sm" c="error">
            {problem.message}
          </Text>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={busy} disabled={!target.trim() || !reason.trim()}>
            {plan ? 'Add range' : 'Dry run'}
          </Button>
        </Group>
        {!plan && (
          <Text size="xs" c="dimmed" ta="right">
            The dry run says which open blocks this would end, and changes nothing.
          </Text>
        )}
      </Stack>
    </form>
  )
}

function Ended({ plan }: { plan: Schemas['NeverBlockAdded'] }) {
  const ended = plan.ended_blocks
  if (ended.length === 0) {
    return (
      <Alert color="bell" variant="light" role="status" title="Dry run: this would end no block">
        <Text size="sm">
          No open block touches <span className="mono">{plan.target}</span>. From now on none can.
        </Text>
      </Alert>
    )
  }
  return (
    <Alert
      color="yellow"
      variant="light"
      role="status"
      title={`Dry run: this would end ${count(ended.length, 'block')}`}
      styles={{ title: { color: 'var(--mantine-color-text)' } }}
    >
      <List size="sm" spacing={2}>
        {ended.slice(0, mostShown).map((block) => (
          <List.Item key={block.id}>
            <span className="mono">{block.target}</span>{' '}
            <Text span size="xs">
              <EventText>{block.reason}</EventText>
            </Text>
          </List.Item>
        ))}
        {ended.length > mostShown && <List.Item>and {full(ended.length - mostShown)} more</List.Item>}
      </List>
    </Alert>
  )
}
