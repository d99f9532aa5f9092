import { Box, Center, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { type ReactNode, useEffect } from 'react'

/** Door is the frame of the pages for those who are not signed in. */
export function Door({ title, about, children }: { title: string; about?: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Tocsin`
  }, [title])
  return (
    <Center mih="100dvh" p="md" component="main">
      <Box w="100%" maw={400}>
        <Group gap={10} mb="lg" justify="center">
          <img src="/console/bell.svg" width={34} height={34} alt="" />
          <Text fw={700} fz={26} lts="-0.01em">
            Tocsin
          </Text>
        </Group>
        <Paper withBorder p="xl" radius="lg">
          <Stack gap="md">
            <div>
              <Title order={1} fz="xl">
                {title}
              </Title>
              {about && (
                <Text size="sm" c="dimmed" component="div" mt={4}>
                  {about}
                </Text>
              )}
            </div>
            {children}
          </Stack>
        </Paper>
      </Box>
    </Center>
  )
}
