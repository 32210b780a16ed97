import type { JSX } from 'preact'

/** Paths of icons on a grid of 16. */
const PATHS = {
  back: 'M10 3 5 8l5 5',
  check: 'M3 8.5 6.5 12 13 4.5',
  chevron: 'M6 4l4 4-4 4',
  close: 'M4 4l8 8M12 4l-8 8',
  copy: 'M6 6h7v7H6zM3 10V3h7',
  error: 'M8 2.2 14.2 13.4H1.8ZM8 6.4v3.2M8 11.3v.2',
  finding: 'M8 2a4.3 4.3 0 0 0-2 8.1V12h4v-1.9A4.3 4.3 0 0 0 8 2ZM6.5 14h3',
  help: 'M5.8 6.2A2.2 2.2 0 1 1 8.6 8.3c-.4.2-.6.5-.6 1M8 11.6v.2',
  link: 'M6.5 9.5l3-3M7 5l1.5-1.5a2.5 2.5 0 0 1 4 4L11 9M9 11l-1.5 1.5a2.5 2.5 0 0 1-4-4L5 7',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3.5v9l7.5-4.5Z',
  save: 'M8 2.5v7M5 7l3 3 3-3M3 13h10',
  search: 'M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9ZM10.5 10.5l3 3',
  text: 'M3 4h10M3 8h7M3 12h9',
  theme: 'M8 2.5a5.5 5.5 0 1 0 0 11ZM8 2.5a5.5 5.5 0 0 1 0 11',
  trash: 'M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5 5 13h6l.5-8.5',
} as const

export type IconName = keyof typeof PATHS

/** An icon beside text, or within a button that has a name. */
export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  )
}

/** Three spans of a trace. */
export function Mark(): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 16 16" aria-hidden="true">
      <rect x="1" y="2" width="14" height="3" rx="1.5" class="mark-1" />
      <rect x="3" y="6.5" width="8" height="3" rx="1.5" class="mark-2" />
      <rect x="8" y="11" width="6" height="3" rx="1.5" class="mark-3" />
    </svg>
  )
}
