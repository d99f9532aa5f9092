import { Stack, Table } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { DeliveryCard, deliveryColumns } from '@/delivery/columns'
import type { Delivery } from '@/delivery/words'
import { PageLink } from '@/link/PageLink'
import classes from './One.module.css'

// All are of one integration, which the page is about.
const columns = deliveryColumns.filter(({ id }) => id !== 'integration')

/** fixed is how wide a column is whose width does not depend on the others. */
const fixed = (width: string): string | undefined => (width.endsWith('px') ? width : undefined)

/** DeliveryLines shows a few deliveries; each leads to its own page. */
export function DeliveryLines({ deliveries, label }: { deliveries: Delivery[]; label: string }) {
  const narrow = useMediaQuery('(max-width: 48em)', undefined, { getInitialValueInEffect: false })
  if (narrow)
    return (
      <Stack gap={0} component="ul" className={classes.cards} aria-label={label}>
        {deliveries.map((each) => (
          <li key={each.id}>
            <PageLink to={`/deliveries/${each.id}`} c="inherit" underline="never" display="block">
              <DeliveryCard row={each} among />
            </PageLink>
          </li>
        ))}
      </Stack>
    )
  return (
    <Table
      verticalSpacing={7}
      horizontalSpacing="md"
      layout="fixed"
      highlightOnHover
      highlightOnHoverColor="var(--tocsin-hover)"
      borderColor="var(--tocsin-line)"
      className={classes.deliveries}
      aria-label={label}
    >
      <Table.Thead>
        <Table.Tr>
          {columns.map(({ id, header, width, align }) => (
            <Table.Th key={id} w={fixed(width)} ta={align}>
              {header}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {deliveries.map((each) => (
          <Table.Tr key={each.id}>
            {columns.map(({ id, align, cell }) => (
              <Table.Td key={id} ta={align}>
                {id === 'type' ? (
                  <PageLink to={`/deliveries/${each.id}`} c="inherit" underline="hover" display="block">
                    {cell(each)}
                  </PageLink>
                ) : (
                  cell(each)
                )}
              </Table.Td>
            ))}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
