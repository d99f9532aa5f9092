import { Group, Select, TextInput } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { permanent, ttlSeconds } from './duration'

const presets = [
  ['1h', '1 hour'],
  ['4h', '4 hours'],
  ['24h', '24 hours'],
  ['7d', '7 days'],
  ['30d', '30 days'],
] as const

/** own is the choice of a duration that is typed. */
const own = 'own'

/** DurationInput chooses a duration, or lets one be typed. none names the choice of the empty one. */
export function DurationInput({
  label,
  value,
  onChange,
  none,
  forGood = 'Permanent',
  description,
  error,
}: {
  label: string
  value: string
  onChange: (ttl: string) => void
  none?: string
  /** forGood names the choice without an end; empty: there is none. */
  forGood?: string
  description?: ReactNode
  error?: ReactNode
}) {
  const isPreset = (text: string) =>
    (text === '' && none !== undefined) || text === permanent || presets.some(([preset]) => preset === text)
  const [typed, setTyped] = useState(() => !isPreset(value))
  const wrong = typed && value !== '' && ttlSeconds(value) === undefined
  return (
    <Group grow align="flex-start" gap="xs">
      <Select
        label={label}
        description={description}
        allowDeselect={false}
        value={typed ? own : value}
        data={[
          ...(none === undefined ? [] : [{ value: '', label: none }]),
          ...presets.map(([preset, words]) => ({ value: preset as string, label: words as string })),
          ...(forGood ? [{ value: permanent, label: forGood }] : []),
          { value: own, label: 'Another duration…' },
        ]}
        onChange={(next) => {
          setTyped(next === own)
          onChange(next === own ? '' : (next ?? ''))
        }}
        error={typed ? undefined : error}
      />
      {typed && (
        <TextInput
          label="Duration"
          description={description ? ' ' : undefined}
          placeholder="36h, 14d, 1h30m"
          value={value}
          onChange={(event) => onChange(event.currentTarget.value.trim().toLowerCase())}
          error={error ?? (wrong ? 'Such as 90m, 36h or 14d' : undefined)}
          maxLength={32}
          required
        />
      )}
    </Group>
  )
}
