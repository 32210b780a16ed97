import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

import { startViewer, type Viewer } from '@spanwright/viewer'

/** Starts a viewer whose page is built from the sources, as everything else here runs from them. */
export async function startView(): Promise<Viewer> {
  execFileSync(process.execPath, [join(__dirname, '..', '..', '..', 'packages', 'viewer', 'build-page.mjs')])
  return startViewer()
}
