import { Alert, Button, Group, Input, PasswordInput, Text, Textarea } from '@mantine/core'
import { IconDice5, IconKey, IconLock } from '@tabler/icons-react'
import { useState } from 'react'
import { Copy } from '@/text/Copy'
import { inputID, useForm } from './context'
import { type InputProps, sentence, useInput } from './FieldInput'
import classes from './Form.module.css'
import { isReference, mask } from './field'
import { whsec } from './whsec'

/**
 * SecretInput takes what is never shown again. One that the hub has is shown as set, and can be replaced or removed; until
 * something new is written, it is kept.
 */
export function SecretInput(props: InputProps) {
  const { path, value, onChange } = props
  const { voided } = useForm()
  // What was kept when the form was filled stays known while a new one is written, so that it can be kept after all.
  const [had, setHad] = useState(value === mask)
  const [replacing, setReplacing] = useState(false)
  if (value === mask && !had) setHad(true)
  const gone = voided.includes(path)
  const keep = () => {
    setReplacing(false)
    onChange(mask)
  }
  if (had && !replacing && value === mask)
    return (
      <>
        {gone && <Voided />}
        <Kept {...props} gone={gone} replace={() => setReplacing(true)} remove={() => onChange('')} />
      </>
    )
  if (had && !replacing && value === '') return <Removed {...props} keep={keep} />
  return (
    <>
      {gone && <Voided />}
      <Entry
        {...props}
        value={value === mask ? undefined : value}
        autoFocus={replacing}
        onChange={(next) => onChange(next === undefined && had ? mask : next)}
      />
      {had && (
        <Button variant="subtle" size="compact-xs" mt={4} onClick={keep}>
          Keep the one that is set
        </Button>
      )}
    </>
  )
}

function Voided() {
  return (
    <Alert color="yellow" variant="light" icon={<IconLock size={16} aria-hidden />} mb={6} py={8}>
      <Text size="xs">
        Given up: the destination has changed, and a secret goes to no other place than the one it was entered
        for. What is to be sent waits until it is entered again, or removed.
      </Text>
    </Alert>
  )
}

function Kept({
  gone,
  replace,
  remove,
  ...props
}: InputProps & { gone: boolean; replace: () => void; remove: () => void }) {
  const { field, path } = props
  const { errors, readOnly, aboutSecret } = useForm()
  const { description } = useInput(props)
  const about = gone ? undefined : aboutSecret?.(path)
  return (
    <Input.Wrapper
      label={field.title}
      labelElement="div"
      required={field.required}
      description={description}
      error={sentence(errors[path])}
    >
      <div className={classes.kept} data-wrong={errors[path] ? true : undefined}>
        <IconKey size={15} aria-hidden style={{ flexShrink: 0 }} />
        <Text size="sm" flex={1} truncate>
          {gone ? 'Given up' : 'Set'}
          <Text span c="dimmed" size="xs" ml={8}>
            {gone ? '' : 'not shown'}
          </Text>
        </Text>
        {!readOnly && (
          <Group gap={4} wrap="nowrap">
            <Button
              id={inputID(path)}
              variant="default"
              size="compact-xs"
              aria-label={`Replace ${field.title}`}
              onClick={replace}
            >
              Replace
            </Button>
            {(!field.required || gone) && (
              <Button
                variant="subtle"
                color="gray"
                size="compact-xs"
                aria-label={`Remove ${field.title}`}
                onClick={remove}
              >
                Remove
              </Button>
            )}
          </Group>
        )}
        {about && (
          <Text component="div" size="xs" c="dimmed" className={classes.about}>
            {about}
          </Text>
        )}
      </div>
    </Input.Wrapper>
  )
}

function Removed({ keep, ...props }: InputProps & { keep: () => void }) {
  const { field, path } = props
  const { errors } = useForm()
  return (
    <Input.Wrapper label={field.title} labelElement="div" error={sentence(errors[path])}>
      <div className={classes.kept} data-wrong={errors[path] ? true : undefined}>
        <Text size="sm" flex={1}>
          Removed when you save
        </Text>
        <Button
          id={inputID(path)}
          variant="default"
          size="compact-xs"
          aria-label={`Keep ${field.title}`}
          onClick={keep}
        >
          Keep it
        </Button>
      </div>
    </Input.Wrapper>
  )
}

/** Entry is where a secret is written. What is a reference (env:NAME) is none, and shown. */
function Entry({ autoFocus, ...props }: InputProps & { autoFocus: boolean }) {
  const { field, value, beside, onChange } = props
  const common = useInput(props)
  const [visible, setVisible] = useState(false)
  const [made, setMade] = useState('')
  const text = typeof value === 'string' ? value : ''
  const change = (next: string) => onChange(next === '' ? undefined : next)
  const shared = {
    ...common,
    value: text,
    autoFocus,
    spellCheck: false,
    'data-1p-ignore': true,
    'data-lpignore': true,
  }
  if (field.lines)
    return (
      <Textarea
        {...shared}
        autosize
        minRows={3}
        maxRows={14}
        placeholder={field.pem ? '-----BEGIN …' : field.example}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 13 } }}
        onChange={(event) => change(event.currentTarget.value)}
      />
    )
  const plain = isReference(text) || (field.secret === 'conditional' && beside.secret !== true)
  const fresh = made !== '' && text === made
  const make = () => {
    const next = whsec()
    setMade(next)
    change(next)
  }
  return (
    <div>
      <PasswordInput
        {...shared}
        autoComplete="new-password"
        placeholder={field.example}
        visible={plain || fresh || visible}
        onVisibilityChange={setVisible}
        visibilityToggleButtonProps={{
          'aria-label': visible ? `Hide ${field.title}` : `Show ${field.title}`,
          style: plain || fresh ? { display: 'none' } : undefined,
        }}
        onChange={(event) => change(event.currentTarget.value)}
      />
      {field.made && <Make field={field} fresh={fresh} text={text} make={make} />}
    </div>
  )
}

/** Make offers to make a secret up, and one that was made to be copied: after this it is not shown any more. */
function Make({
  field,
  fresh,
  text,
  make,
}: Pick<InputProps, 'field'> & { fresh: boolean; text: string; make: () => void }) {
  const { readOnly } = useForm()
  if (readOnly || (text !== '' && !fresh)) return null
  return (
    <Group gap={6} mt={6} wrap="nowrap" role="status">
      {fresh ? (
        <>
          <Copy text={text} what={field.title} />
          <Text size="xs">Copy it for the receiver now: once saved, it is not shown again.</Text>
        </>
      ) : (
        <Button
          variant="default"
          size="compact-xs"
          leftSection={<IconDice5 size={14} aria-hidden />}
          aria-label={`Generate ${field.title}`}
          onClick={make}
        >
          Generate
        </Button>
      )}
    </Group>
  )
}
