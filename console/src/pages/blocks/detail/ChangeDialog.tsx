import { Alert, Button, Group, Stack, Text, Textarea } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { FormModal } from '@/act/FormModal'
import { done } from '@/act/notify'
import { useUnsaved } from '@/act/unsaved'
import { api, type Schemas } from '@/api/client'
import { asProblem, fieldMessages, type Problem } from '@/api/problem'
import { Findings } from '@/blocking/BlockPlan'
import { DurationInput } from '@/blocking/DurationInput'
import { When } from '@/text/Ago'
import { ifMatch } from '../decide/decide'
import type { Block } from '../words'
import { useBlockChanged } from './useBlock'

/** ChangeDialog gives a block another end, counted from now, or another reason. */
export function ChangeDialog({ block, opened, close }: { block: Block; opened: boolean; close: () => void }) {
  return (
    <FormModal
      opened={opened}
      onClose={close}
      title={`Edit the block of ${block.target}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {opened && <Change block={block} close={close} />}
    </FormModal>
  )
}

function Change({ block, close }: { block: Block; close: () => void }) {
  const changed = useBlockChanged()
  // The version that the form was opened with: whoever changed the block since has it looked at again.
  const [base, setBase] = useState(block)
  const [ttl, setTTL] = useState('')
  const [reason, setReason] = useState(block.reason)
  const [problem, setProblem] = useState<Problem>()
  const [busy, setBusy] = useState(false)
  const nothing = !ttl && reason.trim() === base.reason
  useUnsaved(!nothing && !busy)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (busy || nothing) return
    setBusy(true)
    setProblem(undefined)
    try {
      await api.PATCH('/api/v1/blocks/{id}', {
        params: { path: { id: block.id ?? '' }, header: ifMatch(base) },
        body: {
          ...(ttl ? { ttl } : {}),
          ...(reason.trim() !== base.reason ? { reason: reason.trim() } : {}),
        },
      })
      await changed()
      done(`The block of ${block.target} is changed.`)
      close()
    } catch (thrown) {
      const why = asProblem(thrown)
      setProblem(why)
      if (why.status === 412) await changed()
    } finally {
      setBusy(false)
    }
  }
  const fields = problem ? fieldMessages(problem) : {}
  const findings = problem?.body.findings as Schemas['Finding'][] | undefined
  const stale = problem?.status === 412
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="sm">
        <Text size="sm">
          It ends{' '}
          {block.expires_at ? (
            <b>
              <When time={block.expires_at} inherit />
            </b>
          ) : (
            <b>never by itself</b>
          )}
          . A new duration counts from now, and may be shorter. The guard looks at it as at a new request.
        </Text>
        <DurationInput
          label="From now on"
          value={ttl}
          onChange={setTTL}
          none="Leave the end as it is"
          error={fields['body.ttl'] ?? fields.ttl}
        />
        <Textarea
          label="Reason"
          value={reason}
          // A reason is one line.
          onChange={(e) => setReason(e.currentTarget.value.replaceAll(/[\r\n]+/g, ' '))}
          maxLength={1000}
          autosize
          minRows={2}
          maxRows={6}
          error={fields['body.reason'] ?? fields.reason}
        />
        {problem && problem.fields.length === 0 && (
          <Alert
            role="alert"
            color={stale ? 'yellow' : 'red'}
            variant="light"
            title={stale ? 'Somebody else was faster' : 'Nothing was changed'}
          >
            {findings?.length ? (
              <Findings findings={findings} />
            ) : (
              <Text size="sm">
                {stale
                  ? 'The block was changed while you were writing. What stands there now is shown above and behind; save once more to put yours over it.'
                  : problem.message}
              </Text>
            )}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          {stale && base.version !== block.version ? (
            <Button
              onClick={() => {
                setBase(block)
                setProblem(undefined)
              }}
            >
              Go on with the newer one
            </Button>
          ) : (
            <Button type="submit" loading={busy} disabled={nothing}>
              Save
            </Button>
          )}
        </Group>
      </Stack>
    </form>
  )
}
