// npm run release: builds, checks and publishes the versions that are not on npm yet; with --dry-run publishes nothing.
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { checkTarballs } from './check.ts'
import { packAll, type Tarball } from './pack.ts'
import { repositoryUrl, ROOT } from './published.ts'

const run = promisify(execFile)

async function main(isDryRun: boolean): Promise<void> {
  if (!isDryRun) await refuseUnready()
  const folder = await mkdtemp(join(tmpdir(), 'spanwright-release-'))
  try {
    const tarballs = await packAll(folder)
    await checkTarballs(folder, tarballs)
    for (const tarball of inOrder(tarballs)) await publish(tarball, isDryRun)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function refuseUnready(): Promise<void> {
  if ((await repositoryUrl()) === undefined) {
    throw new Error("package.json has no repository: see 'Before the first release' in CONTRIBUTING.md")
  }
  const changes = await readdir(join(ROOT, '.changeset'))
  const waiting = changes.filter(name => name.endsWith('.md') && name !== 'README.md')
  if (waiting.length > 0) {
    throw new Error(`${waiting.join(', ')}: run npm run versions, and commit what it writes`)
  }
}

function isCore({ manifest }: Tarball): boolean {
  return manifest.name === '@spanwright/core'
}

/** Sorted: packages that others depend on come first. */
function inOrder(tarballs: readonly Tarball[]): Tarball[] {
  return [...tarballs.filter(isCore), ...tarballs.filter(tarball => !isCore(tarball))]
}

async function publish({ manifest: { name, version }, path }: Tarball, isDryRun: boolean): Promise<void> {
  if (await isPublished(`${name}@${version}`)) {
    process.stdout.write(`${name}@${version}: published already\n`)
    return
  }
  const args = ['publish', path, '--access', 'public']
  // The identity of the workflow signs the provenance; a developer's machine has no such identity.
  if (process.env['GITHUB_ACTIONS'] === 'true') args.push('--provenance')
  if (isDryRun) args.push('--dry-run')
  await run('npm', args, { cwd: ROOT })
  process.stdout.write(`${name}@${version}: ${isDryRun ? 'would be published' : 'published'}\n`)
}

async function isPublished(spec: string): Promise<boolean> {
  try {
    return (await run('npm', ['view', spec, 'version'], { cwd: ROOT })).stdout.trim() !== ''
  } catch (error) {
    if (String((error as { stderr?: string }).stderr).includes('E404')) return false
    throw error
  }
}

main(process.argv.includes('--dry-run')).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
