import { TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { useState } from 'react'

/** Find writes into the address a moment after the last letter. */
export function Find({
  value,
  onChange,
  label = 'Search integrations',
  wide,
}: {
  value: string
  onChange: (value: string) => void
  label?: string
  /** wide fills the room that there is. */
  wide?: boolean
}) {
  const [text, setText] = useState(value)
  const [seen, setSeen] = useState(value)
  // The address may change by other ways, such as going back.
  if (value !== seen) {
    setSeen(value)
    setText(value)
  }
  const tell = useDebouncedCallback((next: string) => onChange(next), 200)
  return (
    <TextInput
      type="search"
      aria-label={label}
      placeholder={label}
      leftSection={<IconSearch size={16} aria-hidden />}
      value={text}
      maxLength={200}
      w={wide ? '100%' : { base: '100%', xs: 260 }}
      onChange={(event) => {
        setText(event.currentTarget.value)
        tell(event.currentTarget.value)
      }}
    />
  )
}
