import { NAMES, VARIANTS } from '../configurations.ts'
import { LIBRARIES } from '../libraries.ts'
import type { SdkState, Variant } from '../measured/protocol.ts'
import { type LibraryResult, overheadOf, type Results } from '../results.ts'
import { short } from './numbers.ts'

const WIDTH = 860
const LABELS = 190
const COLUMN = (WIDTH - LABELS - 20) / 2
const BAR = 14
const ROW = 18
const NUMBER = 70
const HEAD = 56

const COLUMNS: readonly { readonly state: SdkState; readonly title: string }[] = [
  { state: 'unsampled', title: 'nothing sampled' },
  { state: 'exported', title: 'everything exported' },
]

const SHOWN: readonly Variant[] = VARIANTS.filter(variant => variant !== 'bare' && variant !== 'pass-through')

const STYLE = `text{font:12px system-ui,sans-serif;fill:#24292f}.title{font-weight:600}.small{fill:#57606a}
.spanwright{fill:#1a7f37}.otel{fill:#bc4c00}.by-hand{fill:#8c959f}.by-hand-otel{fill:#afb8c1}.otel-lean{fill:#e16f24}.dd-trace{fill:#6639ba}.sentry{fill:#bf3989}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#8d96a0}.spanwright{fill:#3fb950}.otel{fill:#f0883e}.by-hand{fill:#6e7681}.by-hand-otel{fill:#484f58}.otel-lean{fill:#db6d28}.dd-trace{fill:#a371f7}.sentry{fill:#f778ba}}`

/** CPU time over bare as bars: a panel for each library, each with a scale of its own. */
export function picture({ libraries }: Pick<Results, 'libraries'>): string {
  const panels: string[] = []
  let top = HEAD
  for (const result of libraries) {
    if (result.skipped !== undefined) continue
    panels.push(panel(result, top))
    top += panelHeight()
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" role="img" aria-label="CPU time over bare per operation">`,
    `<style>${STYLE}</style>`,
    text(
      0,
      16,
      'CPU time over bare, microseconds per operation (median; each library has its own scale)',
      'small',
    ),
    ...COLUMNS.map(({ title }, column) => text(columnLeft(column), 40, title, 'small')),
    ...panels,
    '</svg>',
    '',
  ].join('\n')
}

function panel(result: LibraryResult, top: number): string {
  const library = LIBRARIES.find(({ name }) => name === result.library)
  const overheads = COLUMNS.flatMap(({ state }) =>
    SHOWN.map(variant => overheadOf(result, variant, state) ?? 0),
  )
  const scale = (COLUMN - NUMBER) / Math.max(...overheads, Number.EPSILON)
  const parts = [text(0, top + 13, `${library?.title ?? result.library}, per ${library?.operation}`, 'title')]
  for (const [index, variant] of SHOWN.entries()) {
    const y = top + 20 + index * ROW
    parts.push(text(0, y + 11, NAMES[variant], 'small'))
    for (const [column, { state }] of COLUMNS.entries()) {
      const overhead = overheadOf(result, variant, state)
      if (overhead !== undefined) parts.push(bar(columnLeft(column), y, overhead, scale, variant))
    }
  }
  return parts.join('\n')
}

function panelHeight(): number {
  return 20 + SHOWN.length * ROW + 16
}

function columnLeft(column: number): number {
  return LABELS + column * (COLUMN + 20)
}

function bar(x: number, y: number, overhead: number, scale: number, variant: Variant): string {
  const width = Math.max(overhead * scale, 1)
  const drawn = `<rect x="${x}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="2" class="${variant}"/>`
  return `${drawn}${text(Number((x + width + 5).toFixed(1)), y + 11, short(overhead), 'small')}`
}

function text(x: number, y: number, content: string, className: string): string {
  return `<text x="${x}" y="${y}" class="${className}">${content}</text>`
}
