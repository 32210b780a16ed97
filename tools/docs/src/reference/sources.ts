import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { ROOT } from '../root.ts'

/** A source file of a published package. */
export interface SourceText {
  /** Relative to the repository. */
  readonly path: string
  readonly package: string
  readonly text: string
}

/** The sources of every published package. */
export function readSources(): SourceText[] {
  return readdirSync(join(ROOT, 'packages')).flatMap(name =>
    readdirSync(join(ROOT, 'packages', name, 'src'), { recursive: true, encoding: 'utf8' })
      .filter(file => file.endsWith('.ts'))
      .toSorted()
      .map(file => {
        const path = `packages/${name}/src/${file.replaceAll('\\', '/')}`
        return { path, package: name, text: readFileSync(join(ROOT, path), 'utf8') }
      }),
  )
}

/** Texts that go over several lines made one, and without escapes. */
export function oneLineTexts(source: string): string {
  return source
    .replaceAll(/['`"] \+\s*['`"]/g, '')
    .replaceAll(/\\(['`"])/g, '$1')
    .replaceAll('\\n', ' ')
}
