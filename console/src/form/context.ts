import { createContext, type ReactNode, useContext } from 'react'
import type { Errors } from './check'

/** FormState is what every input of a form needs to know. */
export interface FormState {
  /** errors are by path, as the hub writes them: "settings.headers.0.value". */
  errors: Errors
  /** voided are the secrets that were given up, by path. */
  voided: readonly string[]
  readOnly: boolean
  /** aboutSecret says what is known of a secret that the hub has, by path: since when it is set, and by whom. */
  aboutSecret?: (path: string) => ReactNode
}

export const FormContext = createContext<FormState>({ errors: {}, voided: [], readOnly: false })

export const useForm = (): FormState => useContext(FormContext)

/** errorsBelow says whether a path, or anything below it, is wrong. */
export const errorsBelow = (errors: Errors, path: string): boolean =>
  Object.keys(errors).some((each) => each === path || each.startsWith(`${path}.`))

/** inputID is the id of the input of a path. */
export const inputID = (path: string): string => `field-${path}`

/** formErrors is the id of what stands above a form and shows the errors that are of no field. */
export const formErrors = 'form-errors'

/**
 * focusFirst puts the focus on the first input of the page that is wrong, once it is drawn: a folded part may have to open
 * first.
 */
export function focusFirst(errors: Errors): void {
  window.requestAnimationFrame(() =>
    window.requestAnimationFrame(() => {
      for (const input of document.querySelectorAll<HTMLElement>('[id^="field-"]')) {
        const path = input.id.slice('field-'.length)
        if (!(path in errors) && !(input.dataset.items && errorsBelow(errors, path))) continue
        input.focus()
        input.scrollIntoView({ block: 'center' })
        return
      }
      // What no field can show stands above the form.
      document.getElementById(formErrors)?.focus()
    }),
  )
}
