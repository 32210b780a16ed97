import { findCircles } from './circles.ts'
import { findDoors, usersOf } from './doors.ts'
import { findPassedFiles } from './passed-files.ts'
import { readSources, type SourceFile } from './sources.ts'

/** Prints what can be measured of the structure of `packages/`. */
async function main(): Promise<void> {
  const sources = readSources()
  printTable('Lines and files per package', sizesOf(sources))
  printTable(
    'Source files per folder',
    countBy(sources, ({ folder }) => folder),
  )
  printTable(
    'Names per door',
    findDoors(sources).map(({ name, exports }) => [name, exports.length]),
  )
  printTable('Names of @spanwright/core/plugin', useOfPlugin(sources))
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

/** How many of the names that plugins may use have how many users. */
function useOfPlugin(sources: readonly SourceFile[]): TableRow[] {
  const door = '@spanwright/core/plugin'
  const users = usersOf(door, sources)
  const exports = findDoors(sources).find(({ name }) => name === door)?.exports ?? []
  const single = exports.filter(name => (users.get(name)?.size ?? 0) < 2)
  return [
    ['used by two packages or more', exports.length - single.length],
    ...[...new Set(single.map(name => [...(users.get(name) ?? ['none'])].join('')))]
      .toSorted()
      .map((user): TableRow => {
        const names = single.filter(name => [...(users.get(name) ?? ['none'])].join('') === user)
        return [
          user === 'none' ? 'used by none' : `used by ${user} alone`,
          `${names.length}: ${names.join(' ')}`,
        ]
      }),
  ]
}

function circlesOf(sources: readonly SourceFile[]): string[][] {
  return findCircles(new Map(sources.map(({ path, imports }) => [path, imports])))
}

void main()
