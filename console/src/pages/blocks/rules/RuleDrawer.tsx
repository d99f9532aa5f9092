import { Alert, Button, Group, Stack, Text } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { FormDrawer } from '@/act/FormDrawer'
import { done } from '@/act/notify'
import { useUnsaved } from '@/act/unsaved'
import { api, type Schemas } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'
import { Foot } from '@/form/Foot'
import { ifMatch } from '../decide/decide'
import { bodyOf, changesWhat, type Draft, draftOf, faultsOf, newDraft } from './draft'
import { RuleFields } from './RuleFields'
import { Trial } from './Trial'
import { type Rule, useRulesChanged } from './useRules'

/** RuleDrawer makes a rule, or changes one; what it would do can be tried on the newest events before. */
export function RuleDrawer({
  rule,
  opened,
  close,
  saved,
}: {
  rule?: Rule
  opened: boolean
  close: () => void
  saved?: (rule: Rule) => void
}) {
  return (
    <FormDrawer
      opened={opened}
      onClose={close}
      position="right"
      size={560}
      title={rule ? 'Edit rule' : 'Create response rule'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {opened && <Editor rule={rule} close={close} saved={saved} />}
    </FormDrawer>
  )
}

/** lastTried is on how many of the newest events a rule is tried. */
const lastTried = 1_000

function Editor({ rule, close, saved }: { rule?: Rule; close: () => void; saved?: (rule: Rule) => void }) {
  const changed = useRulesChanged()
  const [base, setBase] = useState(rule)
  const [first] = useState<Draft>(() => (rule ? draftOf(rule) : newDraft))
  const [draft, setDraft] = useState(first)
  const [trial, setTrial] = useState<Schemas['ResponseTrial']>()
  const [problem, setProblem] = useState<Problem>()
  const [busy, setBusy] = useState<'try' | 'save'>()
  useUnsaved(JSON.stringify(draft) !== JSON.stringify(first) && busy !== 'save')
  const change = (part: Partial<Draft>) => {
    setDraft((old) => ({ ...old, ...part }))
    setTrial(undefined)
    setProblem(undefined)
  }
  const run = async (what: 'try' | 'save', act: () => Promise<void>) => {
    setBusy(what)
    setProblem(undefined)
    try {
      await act()
    } catch (thrown) {
      const why = asProblem(thrown)
      setProblem(why)
      if (why.status === 412 && base) {
        // Somebody else was faster: what is written here stays, and goes on top of theirs if it is saved once more.
        const { data } = await api.GET('/api/v1/response-rules/{id}', { params: { path: { id: base.id } } })
        setBase(data)
      }
    } finally {
      setBusy(undefined)
    }
  }
  const tryIt = () =>
    run('try', async () => {
      const { data } = await api.POST('/api/v1/response-rules/try', {
        body: { rule: { ...bodyOf(draft), name: draft.name.trim() || 'untitled' }, last: lastTried },
      })
      setTrial(data)
    })
  const save = () =>
    run('save', async () => {
      const body = bodyOf(draft)
      const { data } = base
        ? await api.PATCH('/api/v1/response-rules/{id}', {
            params: { path: { id: base.id }, header: ifMatch(base) },
            body,
          })
        : await api.POST('/api/v1/response-rules', { body })
      await changed()
      done(
        base
          ? 'The rule is saved.'
          : 'The rule is created. It is in shadow mode: it only says what it would do.',
      )
      close()
      if (data) saved?.(data)
    })
  const faults = problem ? faultsOf(problem.fields) : {}
  const toShadow = base !== undefined && base.mode !== 'shadow' && changesWhat(base, draft)
  return (
    <form
      onSubmit={(event: FormEvent) => {
        event.preventDefault()
        if (!busy) void save()
      }}
    >
      <Stack gap="sm">
        <RuleFields draft={draft} change={change} faults={faults} />
        {trial && <Trial trial={trial} />}
        {toShadow && (
          <Alert color="yellow" variant="light">
            <Text size="sm">
              This changes what the rule looks at or blocks, so it goes back into shadow mode. Look at its
              report again before you let it block.
            </Text>
          </Alert>
        )}
        <Foot>
          {problem && (
            <Text role="alert" size="sm" c="error">
              {problem.status === 412
                ? 'Somebody else changed the rule while you were writing. Save once more to put yours over theirs.'
                : problem.message}
            </Text>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button variant="default" loading={busy === 'try'} onClick={() => void tryIt()}>
              Try on the newest events
            </Button>
            <Button type="submit" loading={busy === 'save'} disabled={!draft.name.trim()}>
              {base ? 'Save' : 'Create rule in shadow mode'}
            </Button>
          </Group>
        </Foot>
      </Stack>
    </form>
  )
}
