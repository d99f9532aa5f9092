import type { UseFormReturnType } from '@mantine/form'
import { useEffect, useRef } from 'react'
import { onTop } from '@/act/onTop'

/** Newest is the state that a form is about. */
export interface Newest<V> {
  version: number
  /** values are what the form shows of this version. */
  values: () => V
}

/** useNewest shows each new version in the form, with what is written there on top. */
export function useNewest<V extends Record<string, unknown>>(
  form: UseFormReturnType<V>,
  newest: Newest<V> | undefined,
): void {
  const seen = useRef(newest)
  const before = useRef(newest?.values())
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version says that there is something new
  useEffect(() => {
    if (!newest || !before.current || seen.current?.version === newest.version) return
    const next = newest.values()
    const merged = onTop(before.current, form.getValues(), next)
    seen.current = newest
    before.current = next
    form.setInitialValues(next)
    form.setValues(merged)
    form.resetDirty(next)
  }, [newest?.version])
}
