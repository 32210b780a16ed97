import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = join(__dirname, '..')
const RECIPES = join(FOLDER, '..', '..', 'docs', 'recipes')

/** Lines of the programs on a page of docs/recipes that are in none of the programs in this install. */
export function linesNotTried(page: string): string[] {
  const text = readFileSync(join(RECIPES, page), 'utf8')
  const blocks = [...text.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, block = '']) => block)
  const shown = linesOf(blocks.join('\n'))
  if (shown.length === 0) throw new Error(`${page} shows no programs`)
  const tried = new Set(sources().flatMap(file => linesOf(readFileSync(file, 'utf8'))))
  return shown.filter(line => !tried.has(line))
}

/** Lines without their indentation and comments. */
function linesOf(text: string): string[] {
  const lines = text.split('\n').map(line => line.replace(/(?:^|\s+)\/\/.*$/, '').trim())
  return lines.filter(line => line !== '')
}

function sources(): string[] {
  const folders = readdirSync(FOLDER, { withFileTypes: true }).filter(
    entry => entry.isDirectory() && entry.name !== 'node_modules',
  )
  return folders.flatMap(({ name }) => {
    // Those for one version of a framework have packages of their own.
    const recursive = name === 'recipes' || name === 'test'
    const files = readdirSync(join(FOLDER, name), { recursive, encoding: 'utf8' })
    return files.filter(file => /\.m?ts$/.test(file)).map(file => join(FOLDER, name, file))
  })
}
