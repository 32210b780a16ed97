import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'

import { API } from 'typescript/unstable/sync'

import { ROOT } from '../root.ts'
import { Declarations } from './declarations.ts'
import { listPackages } from './doors.ts'
import { renderIndex } from './index-page.ts'
import { wrongMessages } from './messages.ts'
import { missingDocs, readExports, renderPage } from './page.ts'
import { type Message, messagesIn } from './scan-messages.ts'
import { readSources } from './sources.ts'
import { wrongVariables } from './variables.ts'

const FOLDER = join(ROOT, 'docs', 'reference')

/** Pages written by hand, which are compared with the sources. */
const WRITTEN = ['messages.md', 'variables.md']

/** Writes docs/reference from the sources; with `--check`, only tells whether it is complete and up to date. */
function main(): void {
  const { pages, faults } = makePages()
  if (faults.length > 0) return fail(`docs/reference is incomplete:\n${faults.join('\n')}`)
  if (!process.argv.includes('--check')) {
    mkdirSync(FOLDER, { recursive: true })
    for (const [name, text] of pages) writeFileSync(join(FOLDER, name), text)
    return
  }
  const present = new Map(readdirSync(FOLDER).map(name => [name, readPage(name)]))
  const names = new Set([...pages.keys(), ...present.keys()])
  const outdated = [...names].filter(name => !WRITTEN.includes(name) && pages.get(name) !== present.get(name))
  if (outdated.length > 0)
    fail(`out of date in docs/reference: ${outdated.join(', ')}: run npm run docs:reference`)
}

/** The pages by name, and what they lack. */
function makePages(): { readonly pages: ReadonlyMap<string, string>; readonly faults: readonly string[] } {
  const api = new API({ cwd: ROOT })
  try {
    const packages = listPackages()
    const snapshot = api.updateSnapshot({ openProjects: packages.map(({ config }) => config) })
    const pages = new Map<string, string>()
    const faults: string[] = []
    const messages: Message[] = []
    for (const published of packages) {
      const project = snapshot.getProject(published.config)
      if (!project) throw new Error(`the compiler does not know ${published.config}`)
      const exported = readExports(published, new Declarations(project, published.folder))
      pages.set(`${published.folder}.md`, renderPage(exported))
      faults.push(...missingDocs(exported))
      for (const file of project.rootFiles) {
        const source = project.program.getSourceFile(file)
        if (source) messages.push(...messagesIn(source, relative(ROOT, file)))
      }
    }
    const sources = readSources()
    pages.set('README.md', renderIndex(packages))
    faults.push(...wrongVariables(readPage('variables.md'), sources))
    faults.push(...wrongMessages(readPage('messages.md'), messages, sources))
    return { pages, faults }
  } finally {
    api.close()
  }
}

function readPage(name: string): string {
  return readFileSync(join(FOLDER, name), 'utf8')
}

function fail(message: string): void {
  process.stderr.write(`${message}\n`)
  process.exitCode = 1
}

main()
