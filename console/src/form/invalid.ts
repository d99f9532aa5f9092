import type { UseFormReturnType } from '@mantine/form'
import type { FormEvent } from 'react'

/** missing is what stands at a field that must be filled in. */
const missing = 'Is required'

/**
 * inlineInvalid says at the fields what the browser finds wrong with them, in place of its own bubbles, and goes to the first
 * one. It is for onInvalidCapture of a form.
 */
export function inlineInvalid<V extends Record<string, unknown>>(form: UseFormReturnType<V>) {
  return (event: FormEvent<HTMLFormElement>) => {
    const field = event.target
    if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)) return
    const path = field.dataset.path
    // A field that the form does not know has nowhere to say it.
    if (!path) return
    event.preventDefault()
    form.setFieldError(path, field.validity.valueMissing ? missing : field.validationMessage)
    if (field.form?.querySelector('input:invalid, textarea:invalid') === field) field.focus()
  }
}
