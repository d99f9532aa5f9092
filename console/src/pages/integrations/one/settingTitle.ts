import type { Schemas } from '@/api/client'
import { type Field, fieldsOf } from '@/form/field'

/** others are what is called otherwise in the console than in the API, and is not declared by a connector. */
const others: Record<string, string> = {
  kind: 'Kind',
  name: 'Name',
  owner: 'Owner',
  rotate_by: 'Rotate credentials by',
  fallback: 'Fallback',
  'subscription.types': 'Event types',
  'subscription.where': 'Condition',
  'subscription.projects': 'Projects',
  'subscription.alert_types': 'Alert types',
}

/** settingTitle is what the forms call a field of the API, such as "settings.url"; one that they do not know is left as it is. */
export function settingTitle(
  path: string,
  connector: Pick<Schemas['Connector'], 'settings' | 'delivery'> | undefined,
): string {
  const [place, ...rest] = path.split('.')
  const schema =
    place === 'settings' ? connector?.settings : place === 'delivery' ? connector?.delivery : undefined
  return others[path] ?? titleIn(fieldsOf(schema), rest) ?? path
}

/** titleIn follows a path through objects and lists; a number in it is the place of an item. */
function titleIn(fields: readonly Field[], path: readonly string[]): string | undefined {
  const [name, ...rest] = path
  const field = fields.find((each) => each.name === name)
  if (!field || rest.length === 0) return field?.title
  const [item = ''] = rest
  const isItem = /^\d+$/.test(item)
  const title = isItem ? `${field.title} ${Number(item) + 1}` : field.title
  const below = isItem ? rest.slice(1) : rest
  if (below.length === 0) return title
  const inner = titleIn(field.fields, below)
  return inner && `${title}: ${inner}`
}
