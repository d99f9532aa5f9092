import {
  type ButtonProps,
  type CSSVariablesResolver,
  createTheme,
  type MantineColorsTuple,
} from '@mantine/core'

// The bell's verdigris. Shade 7 with white text has a contrast of 5.3:1, shade 4 on the dark ground 8:1 (WCAG AA wants 4.5).
const bell: MantineColorsTuple = [
  '#e6f7f5',
  '#cdebe8',
  '#9fd8d2',
  '#6bc4bb',
  '#43b2a8',
  '#24a196',
  '#10897f',
  '#0b7a75',
  '#0a615d',
  '#074a47',
]

// A dark ground that is a little blue, so that the eye rests in a dark room.
const dark: MantineColorsTuple = [
  '#d7dde5',
  '#b4bdc9',
  '#98a3b1',
  '#6f7b8a',
  '#475261',
  '#343e4b',
  '#252d38',
  '#191f28',
  '#12171e',
  '#0c1015',
]

// What the pictures of a calendar's buttons mean.
const calendarLabels = {
  monthLevelControl: 'Choose the month',
  yearLevelControl: 'Choose the year',
  previousMonth: 'Previous month',
  nextMonth: 'Next month',
  previousYear: 'Previous year',
  nextYear: 'Next year',
  previousDecade: 'Previous decade',
  nextDecade: 'Next decade',
}

// The head of what lies over a page.
const title = { fontSize: 'var(--mantine-font-size-lg)', fontWeight: 650 }

// The text of the small buttons.
const compact: Record<string, { '--button-fz': string }> = {
  'compact-xs': { '--button-fz': '12px' },
  'compact-sm': { '--button-fz': '13px' },
}

export const theme = createTheme({
  primaryColor: 'bell',
  primaryShade: { light: 7, dark: 7 },
  colors: { bell, dark },
  defaultRadius: 'md',
  cursorType: 'pointer',
  fontFamily:
    'Inter, -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif',
  fontFamilyMonospace:
    'ui-monospace, SFMono-Regular, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  headings: { fontWeight: '650' },
  respectReducedMotion: true,
  components: {
    Tooltip: { defaultProps: { openDelay: 300, withArrow: true } },
    Button: {
      defaultProps: { size: 'sm' },
      // A small button's text is never larger than that of a bigger one.
      vars: (_: unknown, { size }: ButtonProps) => ({ root: compact[String(size)] ?? {} }),
    },
    TextInput: { defaultProps: { size: 'sm' } },
    // In the form of a state's word; a figure alone may be round.
    Badge: { defaultProps: { radius: 'sm', tt: 'none' } },
    // What helps to fill a field in stands below it, after what is wrong with it.
    InputWrapper: { defaultProps: { inputWrapperOrder: ['label', 'input', 'error', 'description'] } },
    Modal: {
      defaultProps: {
        centered: true,
        overlayProps: { backgroundOpacity: 0.5 },
        closeButtonProps: { 'aria-label': 'Close' },
      },
      styles: { title },
    },
    Table: { defaultProps: { borderColor: 'var(--tocsin-line)' } },
    Tabs: {
      vars: () => ({ root: { '--tabs-color': 'var(--tocsin-link)' } }),
      styles: { root: { '--tab-border-color': 'var(--tocsin-line)' } },
    },
    Notification: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } },
    Drawer: {
      defaultProps: {
        overlayProps: { backgroundOpacity: 0.35 },
        closeButtonProps: { 'aria-label': 'Close' },
      },
      styles: { title: { ...title, flex: 1, minWidth: 0 } },
    },
    Anchor: { defaultProps: { underline: 'hover' } },
    DateInput: { defaultProps: { ariaLabels: calendarLabels } },
    DateTimePicker: {
      defaultProps: {
        ariaLabels: calendarLabels,
        submitButtonProps: { 'aria-label': 'Take this time' },
        timePickerProps: { hoursInputLabel: 'Hours', minutesInputLabel: 'Minutes' },
      },
    },
  },
})

/** variables are the colours that mean something everywhere. Each holds AA on the ground it is used on; the line of a field is what a picture must be, 3:1. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    // Mantine's light variants of these are loud, and their titles too pale for small text.
    '--mantine-color-red-light': '#fdeef0',
    '--mantine-color-red-light-color': '#a3143a',
    '--mantine-color-yellow-light': '#fdf5dc',
    '--mantine-color-yellow-light-color': '#6b4c00',
    '--mantine-color-green-light': '#e6f6ec',
    '--mantine-color-green-light-color': '#15703a',
    '--tocsin-ground': '#f6f8fa',
    '--tocsin-panel': '#ffffff',
    '--tocsin-line': '#dfe4ea',
    '--tocsin-field': '#ffffff',
    '--tocsin-field-line': '#879099',
    '--tocsin-hover': '#eef2f6',
    '--tocsin-chosen': '#e2f3f1',
    '--mantine-color-dimmed': '#5a6572',
    '--mantine-color-placeholder': '#5f6a77',
    '--mantine-color-error': '#c02626',
    '--tocsin-critical': '#b4123a',
    '--tocsin-high': '#b8430b',
    '--tocsin-medium': '#8a6100',
    '--tocsin-low': '#1f62b5',
    '--tocsin-info': '#56616e',
    '--tocsin-good': '#15753a',
    '--tocsin-warn': '#8a6100',
    '--tocsin-bad': '#b4123a',
    '--tocsin-link': '#0a615d',
  },
  dark: {
    // Mantine's light variants are too close to this ground.
    '--mantine-color-bell-light': '#123836',
    '--mantine-color-bell-light-hover': '#174643',
    '--mantine-color-bell-light-color': '#9fd8d2',
    '--mantine-color-gray-light': '#252d38',
    '--mantine-color-gray-light-hover': '#2c3542',
    '--mantine-color-gray-light-color': '#d7dde5',
    '--mantine-color-red-light': '#3d1a22',
    '--mantine-color-red-light-color': '#ffb0bd',
    '--mantine-color-yellow-light': '#362d12',
    '--mantine-color-yellow-light-color': '#f5d17a',
    '--mantine-color-green-light': '#14321f',
    '--mantine-color-green-light-color': '#8fe3ad',
    '--mantine-color-blue-light': '#15293f',
    '--mantine-color-blue-light-color': '#9cccff',
    '--tocsin-ground': '#0c1015',
    '--tocsin-panel': '#12171e',
    '--tocsin-line': '#252d38',
    '--tocsin-field': '#0c1015',
    '--tocsin-field-line': '#5a6575',
    // The ground of plain buttons: a little above what they stand on.
    '--mantine-color-default': '#171d25',
    '--mantine-color-default-hover': '#202832',
    '--mantine-color-default-border': '#343e4b',
    '--tocsin-hover': '#191f28',
    '--tocsin-chosen': '#10302f',
    '--mantine-color-body': '#12171e',
    '--mantine-color-dimmed': '#98a3b1',
    '--mantine-color-placeholder': '#98a3b1',
    '--mantine-color-error': '#ff8787',
    '--tocsin-critical': '#ff6b8b',
    '--tocsin-high': '#ff9457',
    '--tocsin-medium': '#f2c14e',
    '--tocsin-low': '#6ab0ff',
    '--tocsin-info': '#98a3b1',
    '--tocsin-good': '#5ed389',
    '--tocsin-warn': '#f2c14e',
    '--tocsin-bad': '#ff6b8b',
    '--tocsin-link': '#6bc4bb',
  },
})
