import { IconEye } from '@tabler/icons-react'
import type { Schemas } from '@/api/client'
import { visible } from '@/text/visible'
import classes from './EntityChip.module.css'
import { entityPicture } from './picture'

/** longestValue is how many characters of an entity's value a chip shows. */
const longestValue = 60

/** EntityChip shows an entity in little room: a picture for its type, its value, and an eye if a sensor observed it. */
export function EntityChip({ entity }: { entity: Schemas['Entity'] }) {
  const { type, value, role, observed } = entity
  const Picture = entityPicture(type)
  const about = [type, role, observed ? 'observed by a sensor' : ''].filter(Boolean).join(', ')
  return (
    <span className={classes.chip} title={visible(`${value.slice(0, 500)} (${about})`)}>
      <Picture size={13} aria-label={visible(type).slice(0, 40)} className={classes.picture} />
      <bdi className={classes.value}>{visible(value).slice(0, longestValue)}</bdi>
      {observed && <IconEye size={12} aria-label="observed" className={classes.picture} />}
    </span>
  )
}

/** EntityChips shows the first entities in one line, and how many more there are. */
export function EntityChips({
  entities,
  most = 2,
}: {
  entities: readonly Schemas['Entity'][] | undefined
  most?: number
}) {
  if (!entities || entities.length === 0) return null
  const more = entities.length - most
  return (
    <span className={classes.list}>
      {entities.slice(0, most).map((entity) => (
        <EntityChip key={`${entity.type} ${entity.value} ${entity.role ?? ''}`} entity={entity} />
      ))}
      {more > 0 && <span className={classes.more}>+{more}</span>}
    </span>
  )
}
