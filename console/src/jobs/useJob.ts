import { useQuery, useQueryClient } from '@tanstack/react-query'
import { api } from '@/api/client'
import { useLive } from '@/live/LiveProvider'
import { type Job, newer } from './job'

const keyOf = (id: string) => ['get', '/api/v1/jobs/{id}', id] as const

/** useJob is a job as it is now: read once, then told by the stream. known is its state in the answer that started it. */
export function useJob(id: string, known?: Job) {
  const queries = useQueryClient()
  useLive('job', (data) => {
    const told = data as Job
    if (told?.id === id) queries.setQueryData<Job>(keyOf(id), (old) => newer(old, told))
  })
  return useQuery({
    queryKey: keyOf(id),
    queryFn: async ({ signal }) => {
      const { data } = await api.GET('/api/v1/jobs/{id}', { params: { path: { id } }, signal })
      if (!data) throw new Error('the hub did not say how the job is')
      return newer(queries.getQueryData<Job>(keyOf(id)), data)
    },
    placeholderData: known,
  })
}

/** cancelJob ends a job; what it has done stays done. */
export const cancelJob = async (id: string): Promise<Job | undefined> =>
  (await api.POST('/api/v1/jobs/{id}/cancel', { params: { path: { id } } })).data
