import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { parseAllDocuments } from 'yaml'

import { ROOT } from '../root.ts'
import { wrongCommands } from './commands.ts'
import { isProgram } from './modules.ts'
import { type Block, readBlocks, readCommands } from './page.ts'
import { checkPrograms } from './programs.ts'

/** Languages of what isn't code, such as output. */
const TEXTS = ['text', 'diff']

/** Every page of the repository that users or contributors read. */
export function listPages(): string[] {
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  return files
    .split('\n')
    .filter(file => file !== '' && !file.endsWith('CHANGELOG.md') && existsSync(join(ROOT, file)))
}

/** What is wrong with the blocks of pages: `page:line: message`. */
export async function checkPages(pages: Readonly<Record<string, string>>): Promise<string[]> {
  const blocks = Object.entries(pages).flatMap(([page, markdown]) => [
    ...readBlocks(page, markdown),
    ...readCommands(page, markdown),
  ])
  const checked = blocks.filter(({ unchecked }) => unchecked === undefined)
  const programs = checked.filter(block => isProgram(block) && block.from === undefined)
  return [
    ...checked.flatMap(block => (programs.includes(block) ? [] : wrongWith(block))),
    ...(await checkPrograms(programs)),
  ]
}

function wrongWith(block: Block): string[] {
  return problemsOf(block).map(problem => `${block.page}:${block.line}: ${problem}`)
}

function problemsOf(block: Block): string[] {
  if (block.from !== undefined) return linesElsewhere(block, block.from)
  switch (block.language) {
    case 'sh':
      return wrongCommands(block)
    case 'json':
      return wrongJson(block.text)
    case 'yaml':
      return parseAllDocuments(block.text).flatMap(({ errors }) =>
        errors.slice(0, 1).map(({ message }) => message.split('\n', 1)[0] ?? ''),
      )
    default:
      return TEXTS.includes(block.language)
        ? []
        : [`expected a language that is checked; got "${block.language}"`]
  }
}

function wrongJson(text: string): string[] {
  try {
    JSON.parse(text)
    return []
  } catch (error) {
    return [(error as Error).message]
  }
}

/** Lines of a block that the file, which it quotes, doesn't have in this order. Indentation and comments may differ. */
function linesElsewhere({ text }: Block, from: string): string[] {
  if (!existsSync(join(ROOT, from))) return [`quotes ${from}, which does not exist`]
  const there = linesOf(readFileSync(join(ROOT, from), 'utf8'))
  let next = 0
  return linesOf(text).flatMap(line => {
    const found = there.indexOf(line, next)
    if (found === -1) return [`is not in ${from} or not in this order: ${line}`]
    next = found + 1
    return []
  })
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map(line => line.replace(/(?:^|\s+)\/\/.*$/, '').trim())
    .filter(line => line !== '')
}
