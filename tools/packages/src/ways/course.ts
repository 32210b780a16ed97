import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { ROOT } from '../published.ts'

/** A program of a page, and what it prints. */
export interface Step {
  /** The files of this step and of those before it, by name. */
  readonly files: Readonly<Record<string, string>>
  /** Starts the program. */
  readonly command: string
  readonly requests: readonly { readonly method: string; readonly url: string }[]
  /** Its output, when the page shows it. */
  readonly shown: string | undefined
}

/** What a page installs and runs. */
export interface Course {
  readonly installs: readonly string[]
  readonly steps: readonly Step[]
}

const PROGRAM = 'program.mjs'

/** Reads a page from top to bottom. A program without a name is run to its end, with the doctor. */
export function courseOf(page: string): Course {
  const blocks = [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^```(\w+)\n([^]*?)^```$/gm)]
  const installs: string[] = []
  const steps: Step[] = []
  let files: Readonly<Record<string, string>> = {}
  for (const [index, [, language, text = '']] of blocks.entries()) {
    const name = /^(?:\/\/|#) (\S+\.\w+)\n/.exec(text)?.[1]
    if (name !== undefined) files = { ...files, [name]: text }
    const [, following, printed] = blocks[index + 1] ?? []
    const shown = following === 'text' ? printed : undefined
    if (language === 'js' && name === undefined && shown !== undefined) {
      steps.push({
        files: { [PROGRAM]: text },
        command: `SPANWRIGHT_DEBUG=1 node ${PROGRAM}`,
        requests: [],
        shown,
      })
    }
    if (language !== 'sh') continue
    const [command = '', ...rest] = text.trimEnd().split('\n')
    if (command.startsWith('npm install ')) {
      installs.push(...command.split(' ').slice(2))
      continue
    }
    steps.push({ files, command, requests: rest.map(toRequest), shown })
  }
  return { installs: [...new Set(installs)], steps }
}

function toRequest(line: string): Step['requests'][number] {
  const [, method = 'GET', address] = /^curl (?:-X (\w+) )?(\S+)$/.exec(line) ?? []
  if (address === undefined) throw new Error(`"${line}" isn't a call of curl`)
  return { method, url: `http://${address}` }
}
