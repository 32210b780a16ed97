/** The themes in the order of the button. */
const THEMES = ['auto', 'light', 'dark'] as const

type Theme = (typeof THEMES)[number]

function current(): Theme {
  const theme = document.documentElement.dataset['theme']
  return theme === 'light' || theme === 'dark' ? theme : 'auto'
}

/** Applies the theme that was chosen last. */
export function restoreTheme(): void {
  apply(stored())
}

/** Applies the next theme. Returns it. */
export function nextTheme(): Theme {
  const theme = THEMES[(THEMES.indexOf(current()) + 1) % THEMES.length] ?? 'auto'
  apply(theme)
  try {
    localStorage.setItem('theme', theme)
  } catch {
    // A file from disk may have no storage; then the choice lasts only as long as the page.
  }
  return theme
}

function apply(theme: string): void {
  document.documentElement.dataset['theme'] = theme
}

function stored(): string {
  try {
    return localStorage.getItem('theme') ?? 'auto'
  } catch {
    return 'auto'
  }
}
