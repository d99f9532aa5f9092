import { Box, TextInput } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { PageLink } from '@/link/PageLink'
import { Back } from '@/page/Back'
import { Empty } from '@/state/Empty'
import classes from './Docs.module.css'

/** Entry is a page on the shelf; words are what it is found by beside its label. */
export interface Entry {
  id: string
  label: ReactNode
  words: string
  mark?: ReactNode
}

/** Shelf lists pages in groups, and shows the chosen one beside the list; on a small screen, in its place. */
export function Shelf({
  base,
  name,
  groups,
  chosen,
  children,
}: {
  /** base is the address that the pages' ids follow. */
  base: string
  /** name says what is listed: "Connectors". */
  name: string
  groups: { title: string; entries: Entry[] }[]
  chosen: string | undefined
  children: ReactNode
}) {
  const [query, setQuery] = useState('')
  const list = useRef<HTMLDivElement>(null)
  // Whoever comes by a link sees where in the list they are.
  useEffect(() => {
    const here = list.current?.querySelector<HTMLElement>('[aria-current]')
    if (here && list.current) list.current.scrollTop = here.offsetTop - list.current.offsetTop - 80
  }, [])
  const wanted = query.trim().toLowerCase().split(/\s+/)
  const found = groups
    .map(({ title, entries }) => ({
      title,
      entries: entries.filter(({ words }) => wanted.every((word) => words.toLowerCase().includes(word))),
    }))
    .filter(({ entries }) => entries.length > 0)
  return (
    <div className={classes.shelf} data-open={chosen !== undefined || undefined}>
      <nav className={classes.contents} aria-label={name}>
        <div className={classes.search}>
          <TextInput
            size="xs"
            aria-label={`Search in ${name.toLowerCase()}`}
            placeholder={`Search in ${name.toLowerCase()}`}
            leftSection={<IconSearch size={14} aria-hidden />}
            value={query}
            onChange={(event) => setQuery(event.currentTarget.value)}
          />
        </div>
        <div className={classes.entries} ref={list}>
          {found.map(({ title, entries }) => (
            <div key={title} role="group" aria-label={title}>
              <div className={classes.group} aria-hidden>
                {title}
              </div>
              {entries.map(({ id, label, mark }) => (
                <PageLink
                  key={id}
                  to={`${base}/${id}`}
                  underline="never"
                  className={classes.entry}
                  aria-current={id === chosen ? 'page' : undefined}
                >
                  <span>{label}</span>
                  {mark}
                </PageLink>
              ))}
            </div>
          ))}
          {found.length === 0 && <Empty title="Nothing is called so" icon={IconSearch} />}
        </div>
      </nav>
      <div className={classes.text}>
        {chosen !== undefined && (
          <Box hiddenFrom="md" mb="xs">
            <Back to={base} label={name} />
          </Box>
        )}
        {children}
      </div>
    </div>
  )
}
