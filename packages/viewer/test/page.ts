import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/** Builds the page, which tests load as it is published. */
export function buildPage(): void {
  execFileSync(process.execPath, [join(__dirname, '..', 'build-page.mjs')])
}
