import { Text, type TextProps } from '@mantine/core'
import { visible } from '@/text/visible'

/** Mono shows a name of the machine's world: a prefix, an address, a header. */
export function Mono({ children, ...props }: { children: string } & TextProps) {
  return (
    <Text span className="mono" fz="0.92em" style={{ overflowWrap: 'anywhere' }} {...props}>
      {visible(children)}
    </Text>
  )
}
