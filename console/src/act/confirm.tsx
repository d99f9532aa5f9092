import { Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { randomId } from '@mantine/hooks'
import { modals } from '@mantine/modals'
import { type FormEvent, type ReactNode, useState } from 'react'
import { asProblem } from '@/api/problem'
import { placeOfFocus } from './focus'
import { overtaken } from './notify'

/** Question asks once before something that hurts. */
export interface Question {
  /** title says what is about to happen: "Delete the integration “SOC webhook”?" */
  title: string
  /** text says what follows from it, in words. */
  text: ReactNode
  /** verb is what the button says: "Delete". */
  verb: string
  /** danger makes the button red; for what cannot be undone. */
  danger?: boolean
  /** typed must be written before the button works: the name of what is deleted. */
  typed?: string
  /** reason asks for a reason with this label; it is given to act, and may not be empty unless optionalReason. */
  reason?: string
  optionalReason?: boolean
  /** no is what the other button says; "Cancel" if nothing. */
  no?: string
  /** declined is called when the answer was no. */
  declined?: () => void
  /** act does it. Its failure is shown in the dialog, which stays open. */
  act: (reason: string) => Promise<unknown>
}

// asked are the questions that wait for an answer.
const asked = new Set<string>()

/** isAsking says whether a question stands above everything else: keys are meant for it. */
export const isAsking = (): boolean => asked.size > 0

/** confirm asks, and does it when the answer is yes. Then whatever had the focus has it again. */
export function confirm(question: Question): void {
  const id = randomId('question-')
  const giveBack = placeOfFocus()
  let agreed = false
  asked.add(id)
  modals.open({
    modalId: id,
    title: question.title,
    // What it gives back to may be an entry of a menu, which is gone.
    returnFocus: false,
    onClose: () => {
      // Whatever is below hears the same key after this, and is not to close by it, too.
      window.setTimeout(() => asked.delete(id))
      if (!agreed) question.declined?.()
    },
    onExitTransitionEnd: giveBack,
    // A question that follows another one begins anew: the key keeps it from taking over what was typed there.
    children: (
      <Ask
        key={id}
        question={question}
        close={() => modals.close(id)}
        done={() => {
          agreed = true
          modals.close(id)
        }}
      />
    ),
  })
}

function Ask({ question, close, done }: { question: Question; close: () => void; done: () => void }) {
  const [typed, setTyped] = useState('')
  const [reason, setReason] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState('')
  const missing =
    (question.typed !== undefined && typed !== question.typed) ||
    (question.reason !== undefined && !question.optionalReason && reason.trim() === '')
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (missing || busy) return
    setBusy(true)
    setError('')
    try {
      await question.act(reason.trim())
      done()
    } catch (thrown) {
      const problem = asProblem(thrown)
      setError(problem.status === 412 ? overtaken : problem.message)
      setBusy(false)
    }
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        <Text size="sm" component="div">
          {question.text}
        </Text>
        {question.reason !== undefined && (
          <TextInput
            label={question.reason}
            value={reason}
            onChange={(e) => setReason(e.currentTarget.value)}
            required={!question.optionalReason}
            maxLength={500}
            data-autofocus
          />
        )}
        {question.typed !== undefined && (
          <TextInput
            label={
              <>
                Type <b>{question.typed}</b> to go on
              </>
            }
            value={typed}
            onChange={(e) => setTyped(e.currentTarget.value)}
            autoComplete="off"
            data-autofocus={question.reason === undefined || undefined}
          />
        )}
        {error && (
          <Text role="alert" size="sm" c="error">
            {error}
          </Text>
        )}
        <Group justify="flex-end">
          <Button
            variant="default"
            onClick={close}
            // Where nothing is to be written, Enter and Space are for the answer that does nothing.
            data-autofocus={(question.reason === undefined && question.typed === undefined) || undefined}
          >
            {question.no ?? 'Cancel'}
          </Button>
          <Button
            type="submit"
            color={question.danger ? 'red.9' : undefined}
            loading={busy}
            disabled={missing}
          >
            {question.verb}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
