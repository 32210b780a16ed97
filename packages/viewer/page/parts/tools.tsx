import type { JSX } from 'preact'

import { app, notify } from '../state/app.ts'
import { Icon } from './icons.tsx'
import { nextTheme } from './theme.ts'

export function ThemeButton(): JSX.Element {
  return (
    <button
      type="button"
      class="icon-button"
      aria-label="Change the theme"
      title="Light, dark, or as the system has it"
      onClick={() => notify(`Theme: ${nextTheme()}`)}
    >
      <Icon name="theme" />
    </button>
  )
}

export function HelpButton(): JSX.Element {
  return (
    <button
      type="button"
      class="icon-button"
      aria-label="Keys"
      title="Keys (?)"
      onClick={() => app.set({ isHelpOpen: true })}
    >
      <Icon name="help" />
    </button>
  )
}
