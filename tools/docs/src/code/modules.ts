import type { Block } from './page.ts'

const EXTENSIONS: Readonly<Record<string, string>> = { ts: 'mts', js: 'mts', mjs: 'mts', cjs: 'cts' }

/** A block as a program of its own. */
export interface Module {
  /** `page/line.mts`, relative to the folder of all modules. */
  readonly path: string
  readonly text: string
  /** It is also run. */
  readonly runs: boolean
}

export function isProgram({ language }: Block): boolean {
  return language in EXTENSIONS
}

/** A module for each block, with the blocks that it goes on from. */
export function modulesOf(blocks: readonly Block[]): Module[] {
  let above: readonly Block[] = []
  return blocks.map(block => {
    above = block.continues ? [...above, block] : [block]
    const path = `${block.page}/${block.line}.${EXTENSIONS[block.language]}`
    return { path, text: textOf(above), runs: block.runs }
  })
}

/** Each line has the number that it has on the page, and the others are empty: what the compiler says leads to the page. */
function textOf(blocks: readonly Block[]): string {
  const lines: string[] = []
  for (const { given, line, text } of blocks) {
    for (const [first, part] of [...given, [line, text] as const]) {
      for (const [index, content] of part.split('\n').entries()) lines[first - 1 + index] ??= content
    }
  }
  return `${Array.from(lines, content => content ?? '').join('\n')}\nexport {}\n`
}
