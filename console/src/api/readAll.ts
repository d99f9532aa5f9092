/** pageOf is how many items are asked for at once, and mostPages how many pages are read: more than anybody chooses from. */
const pageOf = 500
const mostPages = 10

/** readAll reads a list of the API to its end, at most 5,000 items of it. read asks for the page behind a cursor; none is the first. */
export async function readAll<T>(
  read: (page: {
    limit: number
    cursor: string | undefined
  }) => Promise<{ data?: { items?: T[] | null; next?: string } }>,
): Promise<T[]> {
  const all: T[] = []
  let cursor: string | undefined
  for (let page = 0; page < mostPages; page++) {
    const { data } = await read({ limit: pageOf, cursor })
    all.push(...(data?.items ?? []))
    cursor = data?.next || undefined
    if (!cursor) break
  }
  return all
}
