import type { Schemas } from '@/api/client'

/** leftOut are the reasons for which noise control leaves a delivery out: in a table, and as a sentence. */
export const leftOut: Record<Schemas['HeldBack']['reason'], { word: string; sentence: string }> = {
  dedup: { word: 'repeated what was sent', sentence: 'It repeated what had been sent, and was left out.' },
  silenced: { word: 'silenced', sentence: 'A silence was about it, and it was left out.' },
  resolved: {
    word: 'over before it was announced',
    sentence: 'It was over before it had been announced, and was left out.',
  },
}
