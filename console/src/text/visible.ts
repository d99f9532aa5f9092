// Control characters, and those that are not seen but change how others are read: zero-width ones, directional marks,
// embeddings, overrides and isolates (Unicode TR36 §2.4, UAX 9), tags and variation selectors of the supplementary plane.
const unseen =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e01ef}]/gu

/** visible writes characters that cannot be seen as their code, such as ⟨202E⟩. Line ends and tabs stay. */
export function visible(text: string): string {
  return text.replace(
    unseen,
    (c) => `⟨${(c.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`,
  )
}
