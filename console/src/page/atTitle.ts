/**
 * atTitle lets the focus of a dialog or drawer begin at its title, for those that are read rather than filled in: without it
 * the focus would be on the button that closes them. It goes into their attributes.
 */
export const atTitle = { title: { 'data-autofocus': true, tabIndex: -1 } }
