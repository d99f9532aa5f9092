import { Alert, Button, CopyButton, Group, Modal, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { IconDownload, IconEyeExclamation } from '@tabler/icons-react'
import { QRCodeSVG } from 'qrcode.react'
import { useState } from 'react'
import { done } from '@/act/notify'
import { api, type Schemas } from '@/api/client'
import { Copy } from '@/text/Copy'
import { FormFoot } from '../form/FormFoot'
import { useSubmit } from '../form/useSubmit'
import classes from './Profile.module.css'

interface Step {
  close: () => void
}

/** SetUpFactor leads through setting the second factor up: password, authenticator, recovery codes. */
export function SetUpFactor({ opened, close, changed }: Step & { opened: boolean; changed: () => void }) {
  const [secret, setSecret] = useState<Schemas['TOTPSecret']>()
  const [codes, setCodes] = useState<string[]>()
  const end = () => {
    close()
    setSecret(undefined)
    setCodes(undefined)
  }
  return (
    <Modal
      opened={opened}
      onClose={end}
      title={codes ? 'Your recovery codes' : 'Set up the second factor'}
      size="lg"
      closeOnClickOutside={!codes}
      closeOnEscape={!codes}
      withCloseButton={!codes}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {codes ? (
        <Recovery codes={codes} close={end} />
      ) : secret ? (
        <Authenticator
          secret={secret}
          close={end}
          confirmed={(got) => {
            setCodes(got)
            changed()
          }}
        />
      ) : (
        <Password close={end} begun={setSecret} />
      )}
    </Modal>
  )
}

function Password({ close, begun }: Step & { begun: (secret: Schemas['TOTPSecret']) => void }) {
  const form = useForm({ initialValues: { password: '' } })
  const { submit, invalid, busy, problem } = useSubmit(form, async (body) => {
    const { data } = await api.POST('/api/v1/me/totp', { body })
    if (data) begun(data)
  })
  return (
    <form onSubmit={submit} onInvalidCapture={invalid}>
      <Stack gap="sm">
        <Text size="sm">
          You need an authenticator: an app on your phone, or a password manager that makes codes.
        </Text>
        <PasswordInput
          label="Your password"
          autoComplete="current-password"
          required
          data-autofocus
          {...form.getInputProps('password')}
        />
        <FormFoot verb="Continue" busy={busy} problem={problem} cancel={close} />
      </Stack>
    </form>
  )
}

function Authenticator({
  secret,
  close,
  confirmed,
}: Step & { secret: Schemas['TOTPSecret']; confirmed: (codes: string[]) => void }) {
  const form = useForm({ initialValues: { code: '' } })
  const { submit, invalid, busy, problem } = useSubmit(form, async ({ code }) => {
    const { data } = await api.POST('/api/v1/me/totp/confirm', { body: { code: code.replace(/\s/g, '') } })
    if (data) confirmed(data.codes)
  })
  return (
    <form onSubmit={submit} onInvalidCapture={invalid}>
      <Stack gap="md">
        <Group align="flex-start" gap="lg">
          <div className={classes.code}>
            <QRCodeSVG value={secret.uri} size={168} title="QR code for an authenticator" />
          </div>
          <Stack gap={6} flex="1 1 220px" miw={0}>
            <Text size="sm">Scan this with the authenticator. If it has no camera, type the secret:</Text>
            <Group gap={4} wrap="nowrap">
              <Text
                className="mono"
                size="sm"
                data-testid="totp-secret"
                style={{ overflowWrap: 'anywhere', userSelect: 'all' }}
              >
                {(secret.secret.match(/.{1,4}/g) ?? []).join(' ')}
              </Text>
              <Copy text={secret.secret} what="the secret" />
            </Group>
            <Text size="xs" c="dimmed">
              Time-based, six digits, every 30 seconds.
            </Text>
          </Stack>
        </Group>
        <TextInput
          label="The code that it shows now"
          placeholder="123 456"
          inputMode="numeric"
          autoComplete="one-time-code"
          maxLength={16}
          required
          autoFocus
          {...form.getInputProps('code')}
        />
        <FormFoot verb="Turn on" busy={busy} problem={problem} cancel={close} />
      </Stack>
    </form>
  )
}

function Recovery({ codes, close }: Step & { codes: string[] }) {
  const text = `${codes.join('\n')}\n`
  const save = () => {
    const address = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
    const link = document.createElement('a')
    link.href = address
    link.download = 'tocsin-recovery-codes.txt'
    link.click()
    URL.revokeObjectURL(address)
  }
  return (
    <Stack gap="md">
      <Alert
        color="yellow"
        variant="light"
        icon={<IconEyeExclamation aria-hidden />}
        title="Keep them: they are shown this once"
      >
        Each signs you in one time when the authenticator is not at hand. Keep them apart from your password.
      </Alert>
      <div className={classes.codes} role="list" aria-label="Recovery codes">
        {codes.map((code) => (
          <span key={code} role="listitem">
            {code}
          </span>
        ))}
      </div>
      <Group justify="space-between">
        <Group gap="xs">
          <CopyButton value={text}>
            {({ copied, copy }) => (
              <Button variant="default" onClick={copy}>
                {copied ? 'Copied' : 'Copy all'}
              </Button>
            )}
          </CopyButton>
          <Button variant="default" onClick={save} leftSection={<IconDownload size={16} aria-hidden />}>
            Download
          </Button>
        </Group>
        <Button
          onClick={() => {
            close()
            done('The second factor is on.')
          }}
        >
          I have kept them
        </Button>
      </Group>
    </Stack>
  )
}
