import type { UseFormReturnType } from '@mantine/form'
import { useState } from 'react'
import { useUnsaved } from '@/act/unsaved'
import { asProblem, fieldMessages, type Problem } from '@/api/problem'
import { inlineInvalid } from '@/form/invalid'
import { type Newest, useNewest } from './useNewest'

/**
 * useSubmit sends a form. What the hub says of a field is put at the field: place says where, by the field's path in the
 * request; by default it is the same path in the form. What is not sent yet is not left behind unasked.
 * newest is the state that the form is about: what is written in it stays on top when somebody else changes that.
 */
export function useSubmit<V extends Record<string, unknown>>(
  form: UseFormReturnType<V>,
  send: (values: V) => Promise<unknown>,
  place: (field: string) => string = (field) => field,
  newest?: Newest<V>,
) {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  useNewest(form, newest)
  useUnsaved(form.isDirty() && !busy)
  const submit = form.onSubmit(async (values) => {
    setBusy(true)
    setProblem(undefined)
    try {
      await send(values)
      form.resetDirty()
    } catch (thrown) {
      const why = asProblem(thrown)
      form.setErrors(
        Object.fromEntries(
          Object.entries(fieldMessages(why)).map(([field, message]) => [place(field), message]),
        ),
      )
      setProblem(why)
    } finally {
      setBusy(false)
    }
  })
  return { submit, invalid: inlineInvalid(form), busy, problem, setProblem }
}
