import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const PAGE = join(__dirname, '..', '..', '..', 'docs', 'recipes', 'applications.md')

/** A section of docs/recipes/applications.md. */
export interface Section {
  /** Its programs and settings, by the file name in their first line. */
  readonly files: Readonly<Record<string, string>>
  /** The arguments after `npx` in its first command, without comments. */
  readonly command: readonly string[]
  /** Names of spans, one for each line of its printed trace, after service and kind. */
  readonly trace: readonly string[]
}

/** The section of an application. */
export function sectionOf(heading: string): Section {
  const sections = readFileSync(PAGE, 'utf8').split(/^## /m)
  const text = sections.find(section => section.startsWith(`${heading}\n`))
  if (text === undefined) throw new Error(`applications.md has no section ${heading}`)
  const files: Record<string, string> = {}
  for (const [, program = ''] of text.matchAll(/^```(?:m?js|ts|ya?ml|json)\n([^]*?)^```$/gm)) {
    const name = /^(?:\/\/|#) (\S+)/.exec(program)?.[1]
    if (name === undefined) throw new Error(`a program of ${heading} does not begin with its file name`)
    files[name] = program
  }
  const [, command = ''] = /^```sh\n(?:.* )?npx (.*?)(?:\s+#.*)?$/m.exec(text) ?? []
  const [, printed = ''] = /^```text\n([^]*?)^```$/m.exec(text) ?? []
  const lines = printed
    .split('\n')
    .flatMap(line => /((?:SERVER|CLIENT|INTERNAL) .*?)\s{2,}/.exec(line)?.[1] ?? [])
  return { files, command: command.split(' ').filter(part => part !== ''), trace: lines }
}
