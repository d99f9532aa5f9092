import { Badge, Tooltip } from '@mantine/core'
import { visible } from '@/text/visible'
import classes from './TechniqueChip.module.css'
import { tacticLabel, techniqueName, useTechniques } from './techniques'

/** TechniqueChip shows an ATT&CK technique by id and name. compact leaves the name to its title. */
export function TechniqueChip({ id, compact }: { id: string; compact?: boolean }) {
  const { byID } = useTechniques()
  const name = techniqueName(byID, id)
  const tactics = byID.get(id)?.tactics.map(tacticLabel).join(', ')
  const label = visible(id).slice(0, 40)
  // In a list, plain elements: many are drawn while somebody scrolls.
  if (compact)
    return (
      <span className={classes.compact} title={name || undefined}>
        {label}
      </span>
    )
  return (
    <Tooltip
      label={name ? `${name} (${tactics})` : 'Not in the list of ATT&CK that this hub knows'}
      multiline
      maw={320}
    >
      <Badge variant="default" radius="sm" size="sm" tt="none" fw={500} className={classes.chip}>
        <span className="mono">{label}</span>
        {name && <span className={classes.name}>{byID.get(id)?.name}</span>}
      </Badge>
    </Tooltip>
  )
}

/** TechniqueChips shows at most so many techniques, and how many more there are. */
export function TechniqueChips({
  ids,
  most = 20,
  compact,
}: {
  ids: readonly string[] | undefined
  most?: number
  compact?: boolean
}) {
  if (!ids || ids.length === 0) return null
  const more = ids.length - most
  return (
    <span className={classes.list} data-compact={compact || undefined}>
      {ids.slice(0, most).map((id) => (
        <TechniqueChip key={id} id={id} compact={compact} />
      ))}
      {more > 0 && (
        <span className={classes.more} title={ids.slice(most).map(visible).join(', ').slice(0, 500)}>
          +{more}
        </span>
      )}
    </span>
  )
}
