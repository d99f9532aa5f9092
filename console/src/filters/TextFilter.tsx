import { CloseButton, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { type ReactNode, useEffect, useState } from 'react'

/** typingPause is how long somebody may pause while typing, in milliseconds, before what stands there counts. */
const typingPause = 600

/** TextFilter filters by a text that is typed: it counts after a pause, when Enter is pressed, or when the field is left. */
export function TextFilter({
  label,
  placeholder,
  value,
  onChange,
  maxLength,
  icon,
}: {
  label: string
  placeholder: string
  value: string | undefined
  onChange: (text: string | undefined) => void
  maxLength: number
  icon?: ReactNode
}) {
  const [text, setText] = useState(value ?? '')
  // What is being typed stays as it is when it comes back without the spaces around it.
  useEffect(() => setText((old) => (old.trim() === (value ?? '') ? old : (value ?? ''))), [value])
  const commit = (next: string) => {
    const trimmed = next.trim()
    if (trimmed !== (value ?? '')) onChange(trimmed || undefined)
  }
  const later = useDebouncedCallback(commit, typingPause)
  return (
    <TextInput
      aria-label={label}
      placeholder={placeholder}
      value={text}
      maxLength={maxLength}
      leftSection={icon}
      onChange={(event) => {
        setText(event.currentTarget.value)
        later(event.currentTarget.value)
      }}
      onBlur={() => commit(text)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') commit(text)
      }}
      rightSection={
        text ? (
          <CloseButton
            size="sm"
            aria-label={`Clear ${label.toLowerCase()}`}
            onClick={() => {
              setText('')
              commit('')
            }}
          />
        ) : null
      }
    />
  )
}
