import { Stack, Text, ThemeIcon, Title } from '@mantine/core'
import { type Icon, IconInbox } from '@tabler/icons-react'
import type { ReactNode } from 'react'

/** Empty says why a list is empty and what to do about it; children are the ways to go on. */
export function Empty({
  title,
  text,
  icon: Picture = IconInbox,
  children,
}: {
  title: string
  text?: ReactNode
  icon?: Icon
  children?: ReactNode
}) {
  return (
    <Stack align="center" gap="xs" py={48} px="md" ta="center">
      <ThemeIcon variant="light" size={52} radius="xl" aria-hidden>
        <Picture size={28} stroke={1.6} />
      </ThemeIcon>
      <Title order={2} fz="lg">
        {title}
      </Title>
      {text && (
        <Text c="dimmed" maw={520} size="sm" component="div">
          {text}
        </Text>
      )}
      {children}
    </Stack>
  )
}
