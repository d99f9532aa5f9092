import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback } from 'react'
import type { SettingsSearch } from '../route'

/** useAddress gives what the address says beside the page, and changes parts of it; undefined takes a part away. */
export function useAddress() {
  const search: SettingsSearch = useSearch({ from: '/shell/settings' })
  const navigate = useNavigate()
  const change = useCallback(
    (part: SettingsSearch, replace = false) =>
      void navigate({ to: '.', search: (old: SettingsSearch) => ({ ...old, ...part }), replace }),
    [navigate],
  )
  return { ...search, change }
}
