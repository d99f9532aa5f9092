import { ActionIcon, Button, Group, Input, Stack, Text, Tooltip } from '@mantine/core'
import { randomId } from '@mantine/hooks'
import { IconPlus, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import { inputID, useForm } from './context'
import { FieldGrid } from './FieldGrid'
import type { InputProps } from './FieldInput'
import classes from './Form.module.css'
import { pathOf, type Values } from './field'

/** ListInput takes a list of objects, such as headers: each in a frame, to be removed, and a button that adds one. */
export function ListInput({ field, path, value, onChange }: InputProps) {
  const { errors, readOnly } = useForm()
  const items = (Array.isArray(value) ? value : []) as Values[]
  // Each item has a name of its own, so that its inputs stay with it when another one is removed.
  const [names, setNames] = useState(() => items.map(() => randomId('item-')))
  const named = items.map((_, i) => names[i] ?? `item-${i}`)
  const change = (next: Values[]) => onChange(next.length === 0 ? undefined : next)
  const add = () => {
    const id = randomId('item-')
    setNames([...named, id])
    change([...items, {}])
    window.requestAnimationFrame(() =>
      document.querySelector<HTMLElement>(`[data-item="${id}"] input, [data-item="${id}"] textarea`)?.focus(),
    )
  }
  const remove = (at: number) => {
    setNames(named.filter((_, i) => i !== at))
    change(items.filter((_, i) => i !== at))
    window.requestAnimationFrame(() => document.getElementById(inputID(path))?.focus())
  }
  const full = field.most !== undefined && items.length >= field.most
  return (
    <fieldset className={classes.group} aria-describedby={field.help ? `${inputID(path)}-help` : undefined}>
      <legend className={classes.group}>
        <Input.Label labelElement="div" required={field.required}>
          {field.title}
        </Input.Label>
      </legend>
      <Stack gap="xs" mt={4}>
        {items.map((item, i) => (
          <div key={named[i]} className={classes.item} data-item={named[i]}>
            <Group justify="space-between" mb={4} wrap="nowrap">
              <Text size="xs" c="dimmed" fw={600}>
                {field.title} {i + 1}
              </Text>
              {!readOnly && (
                <Tooltip label="Remove">
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    size="sm"
                    aria-label={`Remove ${field.title} ${i + 1}`}
                    onClick={() => remove(i)}
                  >
                    <IconTrash size={15} aria-hidden />
                  </ActionIcon>
                </Tooltip>
              )}
            </Group>
            {errors[pathOf(path, i)] && (
              <Text size="xs" c="error" role="alert">
                {errors[pathOf(path, i)]}
              </Text>
            )}
            <FieldGrid
              fields={field.fields}
              values={item}
              path={pathOf(path, i)}
              onChange={(next) => change(items.map((each, j) => (j === i ? next : each)))}
            />
          </div>
        ))}
        {!readOnly && (
          <Button
            id={inputID(path)}
            variant="default"
            size="xs"
            w="fit-content"
            disabled={full}
            leftSection={<IconPlus size={14} aria-hidden />}
            onClick={add}
            aria-label={`Add to ${field.title}`}
          >
            Add
          </Button>
        )}
        {errors[path] && (
          <Text size="xs" c="error" role="alert">
            {field.title} {errors[path]}
          </Text>
        )}
        {field.help && (
          <Text size="xs" c="dimmed" id={`${inputID(path)}-help`}>
            {field.help}
          </Text>
        )}
      </Stack>
    </fieldset>
  )
}
