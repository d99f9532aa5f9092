import { Alert, Button, Group, Text } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { done } from '@/act/notify'
import { useUnsaved } from '@/act/unsaved'
import { api } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'
import { useCan } from '@/session/me'
import { count } from '@/text/number'
import { faultsOf } from '../rules/draft'
import { draftOf, type PolicyDraft, patchOf } from './draft'
import classes from './PolicyForm.module.css'
import { PolicySections } from './PolicySections'
import { type Policy, usePolicyChanged } from './usePolicy'

/** PolicyForm changes the account's rules for blocks. */
export function PolicyForm({ policy }: { policy: Policy }) {
  const mayChange = useCan('blocks:approve')
  const changed = usePolicyChanged()
  const [edits, setEdits] = useState<Partial<PolicyDraft>>({})
  const [base, setBase] = useState(policy.version ?? 0)
  const [problem, setProblem] = useState<Problem>()
  const [busy, setBusy] = useState(false)
  const saved = draftOf(policy)
  const draft = { ...saved, ...edits }
  const patch = patchOf(saved, draft)
  const n = Object.keys(patch).length
  useUnsaved(n > 0 && !busy)
  // What the form shows is of the newest version, as long as nobody has written into it.
  if (n === 0 && base !== (policy.version ?? 0)) setBase(policy.version ?? 0)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (busy || n === 0) return
    setBusy(true)
    setProblem(undefined)
    try {
      await api.PATCH('/api/v1/response-policy', {
        params: { header: base > 0 ? { 'If-Match': `"${base}"` } : {} },
        body: patch,
      })
      await changed()
      setEdits({})
      done('The policy is changed. It holds from now on.')
    } catch (thrown) {
      const why = asProblem(thrown)
      setProblem(why)
      if (why.status === 412) await changed()
    } finally {
      setBusy(false)
    }
  }
  const stale = problem?.status === 412
  return (
    <form onSubmit={(event) => void submit(event)}>
      {(policy.version ?? 0) === 0 && (
        <Text size="sm" c="dimmed" mb="sm">
          This account has no policy of its own yet: it has that of the account above it, or the defaults. The
          first change makes it one of its own.
        </Text>
      )}
      <PolicySections
        draft={draft}
        change={(part) => {
          setEdits((old) => ({ ...old, ...part }))
          setProblem(undefined)
        }}
        faults={problem ? faultsOf(problem.fields) : {}}
        disabled={!mayChange}
      />
      {(n > 0 || problem) && (
        <div className={classes.bar}>
          {problem && (
            <Alert
              role="alert"
              color={stale ? 'yellow' : 'red'}
              variant="light"
              mb="xs"
              title={stale ? 'Somebody else was faster' : undefined}
            >
              <Text size="sm">
                {stale
                  ? 'The policy was changed while you were writing. It is shown with your changes on top; save once more if that is what you want.'
                  : problem.message}
              </Text>
            </Alert>
          )}
          <Group justify="space-between">
            <Text size="sm" role="status">
              {count(n, 'change')} not saved
            </Text>
            <Group gap="xs">
              <Button
                variant="default"
                onClick={() => {
                  setEdits({})
                  setProblem(undefined)
                }}
              >
                Discard
              </Button>
              {stale && base !== policy.version ? (
                <Button
                  onClick={() => {
                    setBase(policy.version ?? 0)
                    setProblem(undefined)
                  }}
                >
                  Keep mine on top
                </Button>
              ) : (
                <Button type="submit" loading={busy} disabled={n === 0}>
                  Save the policy
                </Button>
              )}
            </Group>
          </Group>
        </div>
      )}
    </form>
  )
}
