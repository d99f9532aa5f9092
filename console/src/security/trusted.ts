// The page is served with require-trusted-types-for 'script' and the single policy name "default" (see serve.go). The
// policy lets through style sheets only: Mantine writes its theme's variables into <style> elements as text. Text without
// "<" cannot make an element, whatever else it holds; everything else that asks to become HTML, script or a script's
// address is refused by the browser.

interface PolicyFactory {
  createPolicy(name: string, rules: { createHTML: (text: string) => string }): unknown
}

/** isStyleText says whether text may be written into a style element: it cannot open a tag. */
export const isStyleText = (text: string): boolean => !text.includes('<')

/** installTrustedTypes makes the page's only policy; browsers without Trusted Types go without. */
export function installTrustedTypes(): void {
  const factory = (window as { trustedTypes?: PolicyFactory }).trustedTypes
  factory?.createPolicy('default', {
    createHTML: (text) => {
      if (isStyleText(text)) return text
      throw new TypeError('the console makes no elements of text')
    },
  })
}
