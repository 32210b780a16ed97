import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { ROOT } from '../root.ts'
import type { Block } from './page.ts'

interface Manifest {
  readonly name?: string
  readonly scripts?: Readonly<Record<string, string>>
  readonly bin?: unknown
}

const read = (path: string): Manifest => JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as Manifest

const manifests = new Map(
  readdirSync(join(ROOT, 'packages')).map(name => {
    const manifest = read(`packages/${name}/package.json`)
    return [manifest.name, manifest]
  }),
)
const scripts = read('package.json').scripts ?? {}
const folders = readdirSync(ROOT, { withFileTypes: true }).flatMap(entry =>
  entry.isDirectory() ? entry.name : [],
)

/** Scripts, packages and files of the repository that the commands of a block name and that don't exist. */
export function wrongCommands({ page, text }: Block): string[] {
  const words = text.split(/[\s='"]+/)
  return [
    ...[...text.matchAll(/\bnpm run ([\w:-]+)(?![\w:-])(?!.* -w)/g)].flatMap(([, script = '']) =>
      script in scripts ? [] : `there is no script ${script}`,
    ),
    ...[...text.matchAll(/\bnpx (@spanwright\/[\w-]+)/g)].flatMap(([, name = '']) =>
      manifests.get(name)?.bin ? [] : `${name} has no command`,
    ),
    ...[...text.matchAll(/@spanwright\/[\w-]+/g)].flatMap(([name]) =>
      manifests.has(name) ? [] : `there is no package ${name}`,
    ),
    ...words.flatMap(word => (existsHere(word, page) ? [] : `there is no file ${word}`)),
  ]
}

/** True for words that aren't paths of the repository. The YAML files of an example are beside its page. */
function existsHere(word: string, page: string): boolean {
  const [first = '', ...rest] = word.split('/')
  if (rest.length > 0 && folders.includes(first)) return existsSync(join(ROOT, word))
  if (!page.startsWith('examples/')) return true
  return !/^[\w./-]+\.ya?ml$/.test(word) || existsSync(join(ROOT, dirname(page), word))
}
