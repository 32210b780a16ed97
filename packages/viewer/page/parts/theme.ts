/** The themes in the order the button goes through them. */
const THEMES = ['auto', 'light', 'dark'] as const

type Theme = (typeof THEMES)[number]

function current(): Theme {
  const theme = document.documentElement.dataset['theme']
  return theme === 'light' || theme === 'dark' ? theme : 'auto'
}

/** Takes the theme chosen last. */
export function restoreTheme(): void {
  apply(stored())
}

/** Takes the next theme. Returns it. */
export function nextTheme(): Theme {
  const theme = THEMES[(THEMES.indexOf(current()) + 1) % THEMES.length] ?? 'auto'
  apply(theme)
  try {
    localStorage.setItem('theme', theme)
  } catch {
    // A file from disk may have no storage; the choice then lasts as long as the page.
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
