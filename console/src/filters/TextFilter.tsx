import { CloseButton, TextInput } from '@mantine/core'
import { type ReactNode, useEffect, useState } from 'react'

/** TextFilter filters by a text that is typed: it counts when Enter is pressed, or when the field is left. */
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
  useEffect(() => setText(value ?? ''), [value])
  const commit = (next: string) => {
    const trimmed = next.trim()
    if (trimmed !== (value ?? '')) onChange(trimmed || undefined)
  }
  return (
    <TextInput
      aria-label={label}
      placeholder={placeholder}
      value={text}
      maxLength={maxLength}
      leftSection={icon}
      onChange={(event) => setText(event.currentTarget.value)}
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
