import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { findCircles } from './circles.ts'
import { findPassedFiles } from './passed-files.ts'
import { readSources, ROOT, type SourceFile } from './sources.ts'

/** Prints what can be measured of the structure of `packages/`. */
async function main(): Promise<void> {
  const sources = readSources()
  printTable('Lines and files per package', sizesOf(sources))
  printTable(
    'Source files per folder',
    countBy(sources, ({ folder }) => folder),
  )
  printTable('Names per door', doors(sources))
  printTable(
    'Circular imports',
    circlesOf(sources).map(circle => [circle.join(' ↔ '), '']),
  )
  for (const [name, files] of Object.entries(await findPassedFiles())) {
    const core = files.filter(file => file.startsWith('packages/core/'))
    printTable(`Files that ${name} passes: ${files.length}, ${core.length} of them in core`, toRows(files))
  }
}

type TableRow = readonly [label: string, figure: string | number]

function printTable(title: string, rows: readonly TableRow[]): void {
  const width = Math.max(...rows.map(([label]) => label.length))
  const lines = rows.map(([label, figure]) => `  ${label.padEnd(width)}  ${figure}`.trimEnd())
  console.log(`${title}\n${lines.length > 0 ? lines.join('\n') : '  none'}\n`)
}

function toRows(files: readonly string[]): TableRow[] {
  return files.map(file => [file, ''])
}

function sizesOf(sources: readonly SourceFile[]): TableRow[] {
  const names = [...new Set(sources.map(source => source.package))]
  return [...names, 'all'].map(name => {
    const files = sources.filter(source => name === 'all' || source.package === name)
    return [name, `${linesOf(files)} lines in ${files.length} files`]
  })
}

function linesOf(sources: readonly SourceFile[]): number {
  return sources.reduce((sum, { lines }) => sum + lines, 0)
}

function countBy(sources: readonly SourceFile[], keyOf: (source: SourceFile) => string): TableRow[] {
  const counts = new Map<string, number>()
  for (const source of sources) counts.set(keyOf(source), (counts.get(keyOf(source)) ?? 0) + 1)
  return [...counts].toSorted(([one], [other]) => one.localeCompare(other))
}

/** The public entry points and how many names, types included, each exports. */
function doors(sources: readonly SourceFile[]): TableRow[] {
  return [...new Set(sources.map(source => source.package))].flatMap(name => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'packages', name, 'package.json'), 'utf8')) as {
      readonly exports: Readonly<Record<string, unknown>>
    }
    return Object.entries(manifest.exports).flatMap(([subPath, target]): TableRow[] => {
      const file = (target as Readonly<Record<string, string>>)['@spanwright/source']
      if (file === undefined) return []
      const source = sources.find(({ path }) => path === `packages/${name}/${file.replace('./', '')}`)
      return [[`@spanwright/${name}${subPath.slice(1)}`, source ? exportedNames(source.text) : 0]]
    })
  })
}

function exportedNames(text: string): number {
  const listed = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names = '']) =>
    names.split(',').filter(name => name.trim() !== ''),
  )
  return (
    listed.length +
    [...text.matchAll(/^export (?:declare )?(?:async )?(?:function|const|class|interface|type \w)/gm)].length
  )
}

function circlesOf(sources: readonly SourceFile[]): string[][] {
  return findCircles(new Map(sources.map(({ path, imports }) => [path, imports])))
}

void main()
