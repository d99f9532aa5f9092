import { TextInput, UnstyledButton } from '@mantine/core'
import { IconCheck } from '@tabler/icons-react'
import { useState } from 'react'
import type { Schemas } from '@/api/client'
import { techniqueName, useTechniques } from '@/attack/techniques'
import { countryName } from '@/country/name'
import { Failure } from '@/state/Failure'
import { Loading } from '@/state/Loading'
import { full, short } from '@/text/number'
import { Severity, severities } from '@/text/Severity'
import { visible } from '@/text/visible'
import classes from './alerts.module.css'
import { type AlertSearch, type ListName, statusesOf, valuesOf } from './search'

/** shownValues is how many values of a facet are shown at first; searchFrom from how many on they can be searched. */
const shownValues = 6
const searchFrom = 12

const groups: { name: ListName; label: string; none?: string }[] = [
  { name: 'status', label: 'Status' },
  { name: 'severity', label: 'Severity' },
  { name: 'assignee', label: 'Assignee', none: 'unassigned' },
  { name: 'alert_type', label: 'Type', none: 'no type' },
  { name: 'project', label: 'Project', none: 'no project' },
  { name: 'source', label: 'Source', none: 'no source' },
  { name: 'country', label: 'Country', none: 'no country' },
  { name: 'mitre', label: 'Technique' },
]

interface Props {
  search: AlertSearch
  facets: Schemas['AlertFacets'] | undefined
  toggle: (name: ListName, value: string) => void
  /** error is why they could not be counted; retry counts again. */
  error: unknown
  retry: () => void
}

/** Facets narrows the queue down: each value with how many alerts have it. */
export function Facets({ search, facets, toggle, error, retry }: Props) {
  if (!facets) return error ? <Failure error={error} retry={retry} /> : <Loading lines={12} />
  return groups.map((group) => (
    <Group
      key={group.name}
      {...group}
      counts={facets[group.name]}
      chosen={group.name === 'status' ? statusesOf(search) : valuesOf(search, group.name)}
      toggle={(value) => toggle(group.name, value)}
    />
  ))
}

interface GroupProps {
  name: ListName
  label: string
  none?: string
  counts: readonly Schemas['FacetCount'][]
  chosen: readonly string[]
  toggle: (value: string) => void
}

function Group({ name, label, none = 'none', counts, chosen, toggle }: GroupProps) {
  const [all, setAll] = useState(false)
  const [words, setWords] = useState('')
  const { byID } = useTechniques()
  const text = (value: string): string => {
    if (value === 'none') return none
    if (name === 'country') return countryName(value) || value
    if (name === 'mitre') return `${value} ${techniqueName(byID, value)}`
    return value.replaceAll('_', ' ')
  }
  // A technique's id and what it is part of are in its title: they leave no room for its name.
  const brief = (value: string): string => (name === 'mitre' && byID.get(value)?.name) || text(value)
  const values = merged(name, counts, chosen)
  const found = words
    ? values.filter(({ value }) => text(value).toLowerCase().includes(words.toLowerCase()))
    : values
  const shown = all || words ? found : found.slice(0, shownValues)
  if (values.length === 0) return null
  return (
    <fieldset className={classes.group}>
      <legend className={classes.caption}>{label}</legend>
      {all && values.length >= searchFrom && (
        <TextInput
          size="xs"
          mb={4}
          aria-label={`Find a value of ${label.toLowerCase()}`}
          placeholder="Find"
          value={words}
          onChange={(e) => setWords(e.currentTarget.value)}
        />
      )}
      <div className={classes.values}>
        {shown.map(({ value, count }) => {
          const on = chosen.includes(value)
          return (
            <UnstyledButton
              key={value}
              className={classes.facet}
              data-on={on || undefined}
              role="checkbox"
              aria-checked={on}
              aria-label={`${visible(text(value)).slice(0, 100)}, ${full(count)}`}
              onClick={() => toggle(value)}
            >
              {name === 'severity' ? <Severity value={value} compact /> : null}
              <bdi className={classes.label} title={visible(text(value)).slice(0, 300)}>
                {visible(brief(value)).slice(0, 100)}
              </bdi>
              {on && <IconCheck size={13} aria-hidden />}
              <span className={classes.count}>{short(count)}</span>
            </UnstyledButton>
          )
        })}
      </div>
      {values.length > shownValues && (
        <UnstyledButton className={classes.facet} onClick={() => setAll(!all)} aria-expanded={all}>
          <span className={classes.count}>
            {all ? 'Show fewer' : `${full(values.length - shownValues)} more`}
          </span>
        </UnstyledButton>
      )}
    </fieldset>
  )
}

const statusOrder = ['open', 'acknowledged', 'resolved']

/** merged are the values of a facet: those that are counted, and those that are chosen though none has them. */
function merged(name: ListName, counts: readonly Schemas['FacetCount'][], chosen: readonly string[]) {
  const all = new Map(counts.map(({ value, count }) => [value || 'none', count]))
  for (const value of chosen) if (!all.has(value)) all.set(value, 0)
  const order: readonly string[] | undefined =
    name === 'status' ? statusOrder : name === 'severity' ? severities : undefined
  if (name === 'status') for (const value of statusOrder) if (!all.has(value)) all.set(value, 0)
  const values = [...all].map(([value, count]) => ({ value, count }))
  return order ? values.sort((x, y) => order.indexOf(x.value) - order.indexOf(y.value)) : values
}
