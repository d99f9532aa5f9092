import { useSyncExternalStore } from 'react'
import type { Job } from './job'

// The jobs that were started in this tab and are shown in the tray. They are forgotten with the page: the list of jobs
// has them all.

/** mostShown is how many jobs the tray holds; the oldest makes room. */
const mostShown = 4

let jobs: readonly Job[] = []
const listeners = new Set<() => void>()

function become(next: readonly Job[]): void {
  jobs = next
  for (const each of listeners) each()
}

/** watchJob shows a job in the tray, with its progress, from when a request started it. */
export function watchJob(job: Job): void {
  become([...jobs.filter((each) => each.id !== job.id), job].slice(-mostShown))
}

/** forgetJob takes a job out of the tray. It goes on all the same. */
export function forgetJob(id: string): void {
  become(jobs.filter((each) => each.id !== id))
}

/** useMyJobs are the jobs in the tray, the oldest first. */
export function useMyJobs(): readonly Job[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => jobs,
  )
}
