/** A table of Markdown. */
export function renderTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heads, ...rows].map(
    cells => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`,
  )
  return `${[lines[0], `|${heads.map(() => '---|').join('')}`, ...lines.slice(1)].join('\n')}\n`
}

/** The code in the first cell of each row of the tables of a page. */
export function firstCells(page: string): string[] {
  return [...page.matchAll(/^\| `([^`]+)` \|/gm)].map(([, code = '']) => code.replaceAll('\\|', '|'))
}
