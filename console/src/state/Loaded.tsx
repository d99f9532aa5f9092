import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Failure } from './Failure'
import { Loading } from './Loading'

/** Loaded shows what a query gave, or that it is on its way, or why it failed. What is there stays there while it is read again. */
export function Loaded<T>({
  query,
  lines,
  children,
}: {
  query: UseQueryResult<T, unknown>
  lines?: number
  children: (data: T) => ReactNode
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>
  if (query.error) return <Failure error={query.error} retry={() => void query.refetch()} />
  return <Loading lines={lines} />
}
