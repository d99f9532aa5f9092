import { Code, Table, Title } from '@mantine/core'
import { type ReactNode, useMemo } from 'react'
import Markdown, { type Components } from 'react-markdown'
import { PageLink } from '@/link/PageLink'
import { Copy } from '@/text/Copy'
import { OutLink } from '@/text/OutLink'
import { type Block, blocksOf } from './blocks'
import classes from './Guide.module.css'
import { resolve } from './resolve'

/** Guide shows a Markdown document of the hub. HTML in it is left out; links lead to pages of the console where there are. */
export function Guide({ text }: { text: string }) {
  const blocks = useMemo(() => blocksOf(text), [text])
  return (
    <article className={classes.guide}>
      {blocks.map((block, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one document never move
        <Part key={i} block={block} />
      ))}
    </article>
  )
}

function Part({ block }: { block: Block }) {
  if (block.kind === 'prose')
    return (
      <Markdown skipHtml components={components}>
        {block.text}
      </Markdown>
    )
  return (
    <Table
      className={classes.table}
      data-wide={block.head.length > 2 || undefined}
      verticalSpacing={6}
      fz="sm"
      my="sm"
      borderColor="var(--tocsin-line)"
    >
      <Table.Thead>
        <Table.Tr>
          {block.head.map((cell, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the columns of one table never move
            <Table.Th key={at}>
              <Inline text={cell} />
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {block.rows.map((row, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the lines of one table never move
          <Table.Tr key={i}>
            {row.map((cell, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the columns of one table never move
              <Table.Td key={at}>
                {block.head[at] && (
                  <span className={classes.label}>
                    <Inline text={block.head[at]} />
                  </span>
                )}
                <Inline text={cell} />
              </Table.Td>
            ))}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}

function Inline({ text }: { text: string }): ReactNode {
  return (
    <Markdown skipHtml components={inline}>
      {text}
    </Markdown>
  )
}

const components: Components = {
  a: ({ href, children }) => {
    const target = resolve(href)
    if (target.kind === 'page') return <PageLink to={target.to}>{children}</PageLink>
    if (target.kind === 'site')
      return (
        <OutLink href={target.href} underline="always">
          {children}
        </OutLink>
      )
    return <span>{children}</span>
  },
  // The page has the only heading of the first rank.
  h1: ({ children }) => (
    <Title order={2} fz={24}>
      {children}
    </Title>
  ),
  h2: ({ children }) => (
    <Title order={3} fz={18} mt="lg">
      {children}
    </Title>
  ),
  h3: ({ children }) => (
    <Title order={4} fz={15} mt="md">
      {children}
    </Title>
  ),
  code: ({ children }) => <Code className={classes.code}>{children}</Code>,
  pre: ({ children }) => <Preformatted>{children}</Preformatted>,
  img: ({ alt }) => <span>{alt}</span>,
}

const inline: Components = { ...components, p: ({ children }) => <>{children}</> }

function Preformatted({ children }: { children?: ReactNode }) {
  const text = textOf(children).replace(/\n$/, '')
  return (
    <div className={classes.pre}>
      <pre>{text}</pre>
      <div className={classes.copy}>
        <Copy text={text} what="the example" />
      </div>
    </div>
  )
}

/** textOf is the text of what was drawn. */
function textOf(node: ReactNode): string {
  if (typeof node === 'string' || typeof node === 'number') return String(node)
  if (Array.isArray(node)) return node.map(textOf).join('')
  if (typeof node === 'object' && node !== null && 'props' in node)
    return textOf((node.props as { children?: ReactNode }).children)
  return ''
}
