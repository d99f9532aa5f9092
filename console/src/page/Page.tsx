import { Box, Group, Text, Title } from '@mantine/core'
import { type ReactNode, useEffect } from 'react'
import { Clamp } from '@/text/Clamp'
import { EventText } from '@/text/EventText'
import { announce } from './announce'
import { Back, type BackTo } from './Back'
import classes from './Page.module.css'

/**
 * Page is the frame of a page's content: title, what it is about, and what can be done. fill makes it as high as the
 * window, for pages whose table scrolls by itself.
 */
export function Page({
  title,
  name = title,
  head,
  back,
  about,
  actions,
  fill,
  children,
}: {
  /** title names the page, in the window's title, too. */
  title: string
  /** name stands there instead of the title, when the window's title is to be another. A long one is cut. */
  name?: string
  /** head stands where the title would, when it is more than text. */
  head?: ReactNode
  /** back is the list that the page is one of. */
  back?: BackTo
  about?: ReactNode
  actions?: ReactNode
  fill?: boolean
  children: ReactNode
}) {
  useEffect(() => {
    document.title = `${title} · Tocsin`
    announce(title, window.location.pathname)
  }, [title])
  return (
    <Box className={classes.page} data-fill={fill || undefined}>
      <Group justify="space-between" align="flex-start" gap="sm" className={classes.head}>
        <Box miw={0} flex="1 1 280px">
          {back && <Back {...back} />}
          {head === undefined ? (
            <Clamp about="the title" text={name}>
              {(clamped) => (
                <Title order={1} fz={22} lh={1.3} {...clamped}>
                  <EventText>{name}</EventText>
                </Title>
              )}
            </Clamp>
          ) : (
            <Title order={1} fz={22} lh={1.3} style={{ overflowWrap: 'anywhere' }}>
              {head}
            </Title>
          )}
          {about && (
            <Text c="dimmed" size="sm" maw={760} component="div">
              {about}
            </Text>
          )}
        </Box>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Box>
  )
}
