import type { Block } from './page.ts'

const LANGUAGES = ['ts', 'js', 'mjs', 'cjs']
const COMMON_JS = /\brequire\(|\bmodule\.exports\b/

/** A block as a program of its own. */
export interface Module {
  /** `page/line.mts`, relative to the folder of all modules. */
  readonly path: string
  readonly text: string
  /** It is also run. */
  readonly runs: boolean
}

export function isProgram({ language }: Block): boolean {
  return LANGUAGES.includes(language)
}

/** A module for each block, with the blocks that it goes on from. */
export function modulesOf(blocks: readonly Block[]): Module[] {
  let above: readonly Block[] = []
  return blocks.map(block => {
    above = block.continues ? [...above, block] : [block]
    const path = `${block.page}/${block.line}.${extensionOf(block)}`
    return { path, text: textOf(above), runs: block.runs }
  })
}

function extensionOf({ language, text }: Block): string {
  if (language === 'ts') return 'mts'
  return language === 'cjs' || COMMON_JS.test(text) ? 'cjs' : 'mjs'
}

/** Each line has the number that it has on the page, and the others are empty: what the compiler says leads to the page. */
function textOf(blocks: readonly Block[]): string {
  const lines: string[] = []
  for (const { given, line, text } of blocks) {
    for (const [first, part] of [...given, [line, text] as const]) {
      for (const [index, content] of part.split('\n').entries()) lines[first - 1 + index] ??= content
    }
  }
  return `${Array.from(lines, content => content ?? '').join('\n')}\n`
}
