import { Button, PasswordInput, Select, SimpleGrid, Textarea, TextInput } from '@mantine/core'
import type { UseFormReturnType } from '@mantine/form'
import type { Draft } from './draft'
import { type MethodField, methodOf, newSecret } from './methods'

const words: Record<MethodField, { label: string; help?: string; placeholder?: string; options?: string[] }> =
  {
    username: { label: 'User name' },
    header: { label: 'Header', placeholder: 'X-Signature' },
    timestamp_header: {
      label: 'Header with the time',
      help: 'Without one, a copied request can be sent again',
      placeholder: 'X-Timestamp',
    },
    algorithm: { label: 'Hash', options: ['sha256', 'sha512', 'sha1'], placeholder: 'sha256' },
    encoding: { label: 'Written as', options: ['hex', 'base64'], placeholder: 'hex' },
    prefix: { label: 'Before the signature', placeholder: 'sha256=' },
    signed: {
      label: 'What is signed',
      options: ['timestamp.body', 'timestamp:body', 'body'],
      placeholder: 'As the header with the time says',
    },
    tolerance: { label: 'Clock tolerance', help: '10s to 1h', placeholder: '5m' },
    ca_bundle: { label: 'Authorities', help: 'Their certificates, in PEM' },
    subject: { label: 'Name in the certificate', help: 'Empty: every certificate of the authorities' },
  }

/** ProofFields are what the chosen way of proof wants. kept says that a secret that is left empty stays as it is. */
export function ProofFields({ form, kept }: { form: UseFormReturnType<Draft>; kept: boolean }) {
  const method = methodOf(form.values.auth.method)
  if (!method) return null
  return (
    <>
      {method.secret && (
        <PasswordInput
          label={method.secret}
          description={
            kept
              ? 'Left empty, it stays as it is'
              : 'A fresh one is filled in; put another one in its place if the tool makes its own'
          }
          placeholder={kept ? '••••••••' : undefined}
          autoComplete="off"
          maxLength={1024}
          spellCheck={false}
          {...form.getInputProps('auth.secret')}
        />
      )}
      {method.secret && !kept && form.values.auth.secret === '' && (
        <Button
          size="compact-sm"
          variant="default"
          style={{ alignSelf: 'flex-start' }}
          onClick={() => form.setFieldValue('auth.secret', newSecret(method.name))}
        >
          Generate
        </Button>
      )}
      {method.fields.length > 0 && (
        <SimpleGrid cols={{ base: 1, xs: method.fields.length > 1 ? 2 : 1 }} spacing="sm">
          {method.fields.map((field) => {
            const { label, help, placeholder, options } = words[field]
            const props = {
              label,
              description: help,
              placeholder,
              required: method.needed?.includes(field),
              ...form.getInputProps(`auth.${field}`),
            }
            if (options)
              return (
                <Select
                  key={field}
                  {...props}
                  clearable
                  data={options}
                  value={form.values.auth[field] || null}
                  onChange={(value) => form.setFieldValue(`auth.${field}`, value ?? '')}
                />
              )
            if (field === 'ca_bundle')
              return <Textarea key={field} {...props} autosize minRows={4} maxRows={10} spellCheck={false} />
            return <TextInput key={field} {...props} maxLength={256} spellCheck={false} autoComplete="off" />
          })}
        </SimpleGrid>
      )}
    </>
  )
}
