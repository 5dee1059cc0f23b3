import { Alert, createTheme, type MantineColorsTuple, rem } from '@mantine/core'

/** The green of old toll houses: calm on a screen that is open all day. 7 carries white text with a contrast above 7. */
const pine: MantineColorsTuple = [
  '#e9f7f4',
  '#d3ece6',
  '#a5d8cc',
  '#74c3b1',
  '#4cb29a',
  '#2f9f87',
  '#147a67',
  '#0b6a5a',
  '#085348',
  '#053d35',
]

/** Neutrals with a breath of the same green, so that both colour schemes belong together. */
const slate: MantineColorsTuple = [
  '#f7f9f8',
  '#eff3f1',
  '#e2e8e5',
  '#ccd5d1',
  '#a9b5b0',
  '#818f89',
  '#5f6d67',
  '#48544f',
  '#2f3935',
  '#1a211e',
]

const dark: MantineColorsTuple = [
  '#dbe3e0',
  '#b9c4bf',
  '#98a5a0',
  '#5d6b65',
  '#37423e',
  '#2b3431',
  '#1e2624',
  '#171e1c',
  '#111715',
  '#0b100e',
]

/** Mantine's own is too light behind white text. */
const red: MantineColorsTuple = [
  '#fff5f5',
  '#ffe3e3',
  '#ffc9c9',
  '#ffa8a8',
  '#ff8787',
  '#f05d5d',
  '#d93333',
  '#c92a2a',
  '#ad2323',
  '#8f1d1d',
]

const SYSTEM_FONTS =
  "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', 'Liberation Sans', Arial, sans-serif"
const SYSTEM_MONO =
  "ui-monospace, 'SF Mono', 'Cascadia Code', 'Liberation Mono', Menlo, Consolas, monospace"

const inkOf = (color = 'pine', shade: number) => `var(--mantine-color-${color}-${shade})`

/** One spacing scale (4, 8, 16, 24, 40), one radius, fonts of the reader's own machine. */
export const theme = createTheme({
  colors: { pine, gray: slate, dark, red },
  primaryColor: 'pine',
  primaryShade: { light: 7, dark: 6 },
  autoContrast: true,
  fontFamily: SYSTEM_FONTS,
  fontFamilyMonospace: SYSTEM_MONO,
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  spacing: { xs: rem(4), sm: rem(8), md: rem(16), lg: rem(24), xl: rem(40) },
  headings: {
    fontWeight: '650',
    sizes: {
      h1: { fontSize: rem(24), lineHeight: '1.25' },
      h2: { fontSize: rem(17), lineHeight: '1.35' },
      h3: { fontSize: rem(15), lineHeight: '1.4' },
    },
  },
  components: {
    // A <header> outside of the page's sections would be a second banner of the page.
    ModalHeader: { defaultProps: { role: 'none' } },
    // Mantine's own would be white on grey in the dark, whatever went wrong.
    Alert: Alert.extend({
      vars: (_theme, { color }) => ({
        root: { '--alert-color': `light-dark(${inkOf(color, 8)}, ${inkOf(color, 3)})` },
      }),
    }),
    ModalTitle: { defaultProps: { fz: 'lg', fw: 650 } },
  },
})
