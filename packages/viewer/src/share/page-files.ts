import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A file of the built page. */
export interface PageFile {
  readonly type: string
  readonly text: string
}

const FOLDER = join(__dirname, '..', '..', 'dist', 'page')

const FILES: Readonly<Record<string, readonly [file: string, type: string]>> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
}

const read = new Map<string, PageFile>()

/**
 * A file of the page, by its path.
 * @throws Error when the page was not built
 */
export function pageFile(path: string): PageFile | undefined {
  const known = read.get(path)
  const [file, type] = (Object.hasOwn(FILES, path) ? FILES[path] : undefined) ?? []
  if (known || file === undefined || type === undefined) return known
  const page = { type, text: textOf(file) }
  read.set(path, page)
  return page
}

function textOf(file: string): string {
  try {
    return readFileSync(join(FOLDER, file), 'utf8')
  } catch (error) {
    throw new Error('the page of the viewer is not built: run npm run build', { cause: error })
  }
}
