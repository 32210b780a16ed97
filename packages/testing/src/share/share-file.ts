import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'

import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type * as Viewers from '@spanwright/viewer'

import { documentOf } from './document.ts'

type Viewer = Pick<typeof Viewers, 'createShareFile'>

interface Sharing {
  readonly folder: string
  readonly viewer: Viewer
}

interface Recorder {
  spans(): readonly ReadableSpan[]
}

const recorders = new WeakMap<Recorder, Sharing>()

/**
 * Has every failed check of a recorder write what it recorded as a share file.
 * @throws TypeError when the folder is not a path, or `@spanwright/viewer` is not installed
 */
export function shareFailures(recorder: Recorder, folder: unknown): void {
  if (typeof folder !== 'string' || folder === '') {
    throw new TypeError(`recordSpans: shareFailures must be the path of a folder; got ${String(folder)}`)
  }
  recorders.set(recorder, { folder: resolve(folder), viewer: loadViewer() })
}

/** The message of a failure; with the path of a share file where the recorder is to write one. */
export function withShareFile(source: unknown, message: string): string {
  const sharing = recorders.get(source as Recorder)
  if (!sharing) return message
  const spans = (source as Recorder).spans()
  const [first] = spans
  if (!first) return message
  const path = join(sharing.folder, `trace-${first.spanContext().traceId.slice(0, 8)}.html`)
  try {
    mkdirSync(sharing.folder, { recursive: true })
    writeFileSync(path, sharing.viewer.createShareFile(documentOf(spans)))
  } catch (error) {
    // The failure of the test matters more.
    return `${message}\n\nno share file was written: ${String(error)}`
  }
  return `${message}\n\nas a page: ${path}`
}

function loadViewer(): Viewer {
  const name = '@spanwright/viewer'
  // From the package that is tested; else from here, which may be hoisted.
  for (const from of [join(process.cwd(), 'package.json'), __filename]) {
    const load = createRequire(from)
    try {
      load.resolve(name)
    } catch {
      continue
    }
    return load(name) as Viewer
  }
  throw new TypeError(`recordSpans: shareFailures needs ${name}: npm install --save-dev ${name}`)
}
