import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { ROOT } from '../published.ts'
import { courseOf } from './course.ts'
import type { Way } from './ways.ts'

interface Documented {
  /** Path of the document, relative to the root. */
  readonly file: string
  /** Heading of the section whose install line and files are used; files before it in the document are used as well. */
  readonly section: string
  /** Where the spans of its program are expected. */
  readonly shown: 'on the console' | 'over OTLP'
  readonly versions: readonly number[]
}

const DOCUMENTS: readonly Documented[] = [
  { file: 'README.md', section: 'A first trace', shown: 'on the console', versions: [20, 24] },
  {
    file: 'docs/opentelemetry-sdk.md',
    section: 'SDK 2, on Node 20 and newer',
    shown: 'over OTLP',
    versions: [20, 22, 24, 26],
  },
  {
    file: 'docs/opentelemetry-sdk.md',
    section: 'SDK 3, on Node 22.15 and newer',
    shown: 'over OTLP',
    versions: [22, 24, 26],
  },
]

/** Pages whose programs print what the page shows, and what is installed besides what the page says. */
const COURSES: readonly (readonly [page: string, installs: readonly string[]])[] = [
  ['docs/getting-started.md', ['@spanwright/viewer']],
  ['docs/recipes/fastify-hono.md', []],
  [
    'docs/troubleshooting.md',
    [
      ...['core', 'express', 'sdk', 'undici'].map(name => `@spanwright/${name}`),
      'express',
      '@opentelemetry/api@1.9',
      '@opentelemetry/instrumentation-undici@0.33',
    ],
  ],
]

/** The programs of the documents, pasted into a project for each version of Node. */
export const DOCUMENTED_WAYS: readonly Way[] = [
  ...DOCUMENTS.flatMap(document => document.versions.map(version => wayOf(document, version))),
  ...COURSES.map(([page, installs]) => courseWay(page, installs)),
]

function courseWay(page: string, besides: readonly string[]): Way {
  const { installs, steps } = courseOf(page)
  return {
    name: page,
    type: 'commonjs',
    language: 'commonjs',
    sources: {},
    installs: [...installs, ...besides],
    commands: [],
    steps,
  }
}

function wayOf({ file, section, shown }: Documented, version: number): Way {
  const [introduction = '', ...sections] = readFileSync(join(ROOT, file), 'utf8').split(/^## /m)
  const text = sections.find(one => one.startsWith(`${section}\n`))
  if (text === undefined) throw new Error(`${file} has no section "${section}"`)
  const line = blocksOf(text, 'sh')
    .map(block => /^npm install (.+)$/m.exec(block)?.[1])
    .find(Boolean)
  if (line === undefined) throw new Error(`${file} does not say what to install in "${section}"`)
  return {
    name: `${file}: ${section} (Node ${version})`,
    type: 'module',
    language: 'esm',
    sources: { 'first-trace.js': 'first-trace.ts' },
    files: Object.fromEntries([...filesOf(introduction), ...filesOf(text)]),
    installs: line.split(' '),
    node: version,
    commands: [['node', 'first-trace.js', shown]],
  }
}

/** A file begins with a comment that contains its name. */
function filesOf(text: string): [name: string, text: string][] {
  return blocksOf(text, 'js').flatMap((block): [string, string][] => {
    const name = /^\/\/ (\S+\.mjs)\n/.exec(block)?.[1]
    return name === undefined ? [] : [[name, block]]
  })
}

function blocksOf(text: string, language: string): string[] {
  return text
    .split(/^```/m)
    .flatMap(block => (block.startsWith(`${language}\n`) ? block.slice(language.length + 1) : []))
}
