import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'

export const ROOT: string = resolve(__dirname, '..', '..', '..')

/** A source file of a published package; paths are relative to the repository. */
export interface SourceFile {
  readonly path: string
  readonly folder: string
  readonly package: string
  readonly text: string
  readonly lines: number
  /** Files of the same package that are imported when this one is loaded. */
  readonly imports: readonly string[]
}

/** The source files of every published package. */
export function readSources(): SourceFile[] {
  return readdirSync(join(ROOT, 'packages')).flatMap(name =>
    readdirSync(join(ROOT, 'packages', name, 'src'), { recursive: true, encoding: 'utf8' })
      .filter(file => /\.m?ts$/.test(file))
      .map(file => readSource(name, join(ROOT, 'packages', name, 'src', file))),
  )
}

function readSource(packageName: string, file: string): SourceFile {
  const text = readFileSync(file, 'utf8')
  return {
    path: toPath(file),
    folder: toPath(dirname(file)),
    package: packageName,
    text,
    lines: text.split('\n').length - 1,
    imports: runtimeImportsOf(text).map(specifier => toPath(resolve(dirname(file), specifier))),
  }
}

const IMPORT = /^(?:import|export)\s+(?!type\b)(?:(\{[^}]*\}|[^'{]*)\s*from\s*)?'(\.{1,2}\/[^']+)'/gm

/** Relative imports that remain once types are stripped. */
export function runtimeImportsOf(text: string): string[] {
  return [...text.matchAll(IMPORT)].flatMap(([, names, specifier = '']) =>
    names !== undefined && importsOnlyTypes(names) ? [] : [specifier],
  )
}

function importsOnlyTypes(names: string): boolean {
  if (!names.startsWith('{')) return false
  return names
    .slice(1, -1)
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '')
    .every(name => name.startsWith('type '))
}

function toPath(file: string): string {
  return relative(ROOT, file).split(sep).join('/')
}
