import { Kbd, Text, ThemeIcon, Title } from '@mantine/core'
import {
  type Icon,
  IconBinaryTree2,
  IconBook2,
  IconCode,
  IconKeyboard,
  IconMathFunction,
  IconPlugConnected,
  IconTarget,
  IconTimelineEvent,
} from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { PageLink } from '@/link/PageLink'
import classes from './Docs.module.css'

interface Way {
  title: string
  text: ReactNode
  icon: Icon
  to?: string
}

const ways: Way[] = [
  {
    title: 'Connectors',
    text: 'A guide for each: how to set it up, what its settings mean, what its answers mean.',
    icon: IconPlugConnected,
    to: '/docs/connectors',
  },
  {
    title: 'Event catalogue',
    text: 'Every event type that the hub knows, with a sample to look at, to copy or to send.',
    icon: IconTimelineEvent,
    to: '/docs/events',
  },
  {
    title: 'Alert types',
    text: 'What kinds of alert there are, how bad they are, and the technique behind each.',
    icon: IconBinaryTree2,
    to: '/docs/alert-types',
  },
  {
    title: 'ATT&CK',
    text: 'The techniques that events may name, by tactic.',
    icon: IconTarget,
    to: '/docs/attack',
  },
  {
    title: 'Expressions',
    text: 'Say which events are meant: in subscriptions, rules and templates.',
    icon: IconMathFunction,
    to: '/docs/handbook/expressions',
  },
  {
    title: 'Handbook',
    text: 'How the hub delivers, what it promises, how to run it.',
    icon: IconBook2,
    to: '/docs/handbook',
  },
]

/** Start leads to the parts of the docs. */
export function Start() {
  return (
    <div className={classes.cards}>
      {ways.map((way) => (
        <PageLink
          key={way.title}
          to={way.to ?? '/docs'}
          underline="never"
          className={classes.card}
          c="inherit"
        >
          <Way way={way} />
        </PageLink>
      ))}
      <a href="/api/docs" target="_blank" rel="noopener" className={classes.card}>
        <Way
          way={{
            title: 'API reference',
            text: 'Everything that this console does, a script can do. Opens a new tab.',
            icon: IconCode,
          }}
        />
      </a>
      <div className={classes.card} data-still>
        <Way
          way={{
            title: 'Keys',
            text: (
              <>
                Press <Kbd size="xs">?</Kbd> on any page to see its keys, <Kbd size="xs">/</Kbd> to search,
                and <Kbd size="xs">g</Kbd> with a letter to go to a page.
              </>
            ),
            icon: IconKeyboard,
          }}
        />
      </div>
    </div>
  )
}

function Way({ way: { title, text, icon: Picture } }: { way: Way }) {
  return (
    <>
      <ThemeIcon variant="light" size={34} radius="md" aria-hidden>
        <Picture size={19} stroke={1.7} />
      </ThemeIcon>
      <div>
        <Title order={2} fz="sm">
          {title}
        </Title>
        <Text size="sm" c="dimmed" component="div" mt={2}>
          {text}
        </Text>
      </div>
    </>
  )
}
