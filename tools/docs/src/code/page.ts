/** A fenced block of a page, and what the comments directly above it say. */
export interface Block {
  /** Path of the page, relative to the repository. */
  readonly page: string
  readonly language: string
  /** Number of its first line after the fence, from 1. */
  readonly line: number
  readonly text: string
  /** Lines of declarations that readers don't see: the number of the first, and the text. */
  readonly given: readonly (readonly [line: number, text: string])[]
  /** It goes on from the block above on its page. */
  readonly continues: boolean
  /** It is run, besides being compiled. */
  readonly runs: boolean
  /** Path of the file that contains its lines, relative to the repository; a test runs that file. */
  readonly from: string | undefined
  /** Why it is not checked. */
  readonly unchecked: string | undefined
}

type Notes = Pick<Block, 'given' | 'continues' | 'runs' | 'from' | 'unchecked'>
const NONE: Notes = { given: [], continues: false, runs: false, from: undefined, unchecked: undefined }

type Reader = (line: number, text: string) => Partial<Notes>

const FENCE = /^( *)```(\S*)\n([^]*?)^ *```$/
const COMMENT = /^<!-- code: ([^]*?)-->$/
const COMMAND = /`((?:npm run|npx) [^`\n]+)`/g
const PART = new RegExp(`${FENCE.source}|${COMMENT.source}`, 'gm')

const READERS: readonly (readonly [start: RegExp, read: Reader])[] = [
  [/^continues $/, () => ({ continues: true })],
  [/^runs $/, () => ({ runs: true })],
  [/^from (\S+) $/, (_line, from) => ({ from })],
  [/^not checked: ([^]+)$/, (_line, unchecked) => ({ unchecked })],
  [/^given\n([^]+)$/, (line, text) => ({ given: [[line + 1, text]] })],
]

/** The blocks of a page, in order. Throws when a comment about code cannot be read, or no block follows it. */
export function readBlocks(page: string, markdown: string): Block[] {
  const blocks: Block[] = []

  let notes = NONE
  let end = 0
  for (const match of markdown.matchAll(PART)) {
    const [whole, indent = '', language = '', text = '', comment] = match
    const line = markdown.slice(0, match.index).split('\n').length
    const isApart = markdown.slice(end, match.index).trim() !== ''
    if (notes !== NONE && isApart)
      throw new Error(`${page}:${line}: a comment about code has no block below it`)
    end = match.index + whole.length
    if (comment !== undefined) {
      notes = { ...notes, ...readComment(comment, page, line) }
      continue
    }
    const unindented = text.replaceAll(new RegExp(`^${indent}`, 'gm'), '')
    blocks.push({ page, language, line: line + 1, text: unindented, ...notes })
    notes = NONE
  }
  if (notes !== NONE) throw new Error(`${page}: a comment about code has no block below it`)
  return blocks
}

/** Commands in the text of a page, as blocks. */
export function readCommands(page: string, markdown: string): Block[] {
  return [...markdown.matchAll(COMMAND)].map(({ 1: text = '', index }) => {
    const line = markdown.slice(0, index).split('\n').length
    return { page, language: 'sh', line, text, ...NONE }
  })
}

function readComment(comment: string, page: string, line: number): Partial<Notes> {
  for (const [start, read] of READERS) {
    const match = start.exec(comment)
    if (match) return read(line, match[1] ?? '')
  }
  throw new Error(
    `${page}:${line}: expected "continues", "runs", "from <path>", "given" and declarations, or "not checked: <reason>"; got "${comment.trim()}"`,
  )
}
