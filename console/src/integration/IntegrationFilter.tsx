import { Select } from '@mantine/core'
import { shortID } from './IntegrationName'
import { useIntegrationsByID } from './integrations'

/** IntegrationFilter chooses an integration, or all. */
export function IntegrationFilter({
  value,
  onChange,
}: {
  value: string | undefined
  onChange: (id: string | undefined) => void
}) {
  const known = useIntegrationsByID()
  const data = [...known.values()]
    .map((each) => ({ value: each.id, label: each.name }))
    .sort((a, b) => a.label.localeCompare(b.label))
  if (value && !known.has(value)) data.push({ value, label: shortID(value) })
  return (
    <Select
      aria-label="Integration"
      placeholder="All integrations"
      data={data}
      value={value ?? null}
      onChange={(id) => onChange(id ?? undefined)}
      searchable
      clearable
      nothingFoundMessage="No such integration"
      limit={100}
    />
  )
}
