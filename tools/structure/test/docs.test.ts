import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { describe, expect, it } from '@jest/globals'

import { readSources, ROOT } from '../src/sources.ts'

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

const packages = readdirSync(join(ROOT, 'packages')).filter(name =>
  existsSync(join(ROOT, 'packages', name, 'package.json')),
)
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'llms.txt',
  'examples/README.md',
  'examples/collector/README.md',
  ...packages.map(name => `packages/${name}/README.md`),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.md'))
    .map(file => `docs/${file}`),
]

/** The anchor that GitHub gives a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .trim()
    .replaceAll(/\s/g, '-')
}

function anchorsOf(path: string): string[] {
  return [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading))
}

/** Links of a page that lead nowhere. */
function brokenLinks(page: string): string[] {
  const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
  return links.filter(link => {
    if (/^[a-z]+:/.test(link)) return false
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? page : join(dirname(page), path)
    if (!existsSync(join(ROOT, target))) return true
    if (anchor === undefined || anchor === 'readme') return false
    return !anchorsOf(target.endsWith('.md') ? target : join(target, 'README.md')).includes(anchor)
  })
}

it.each(pages)('%s has no broken link', page => {
  expect(brokenLinks(page)).toEqual([])
})

/** Parts of the README of a package that traces a library. */
const PARTS = ['A trace', 'Spans', 'How a span ends', 'Metrics', 'Options', 'Cost', 'Versions']

it.each(['express', 'koa', 'http', 'undici', 'pg', 'kafkajs', 'grpc'])(
  'the README of %s has the parts of a page about a library, in their order',
  name => {
    const headings = [...read(`packages/${name}/README.md`).matchAll(/^##+ (.+)$/gm)].map(
      ([, heading = '']) => heading,
    )
    expect(headings.filter(heading => PARTS.includes(heading))).toEqual(PARTS)
  },
)

it('the README of kafkajs shows a trace that docs/getting-started.md prints', () => {
  const [, shown = ''] = /^## A trace\n\n```text\n([^]*?)```$/m.exec(read('packages/kafkajs/README.md')) ?? []
  expect(shown).toContain('CONSUMER')
  expect(read('docs/getting-started.md')).toContain(shown)
})

it('docs/README.md links every page of docs', () => {
  const index = read('docs/README.md')
  // The pages of the reference have an index of their own.
  const own = pages.filter(page => /^docs\/(?!README|decisions\/\d|reference\/(?!README))/.test(page))
  expect(own.filter(page => !index.includes(`(${page.slice('docs/'.length)})`))).toEqual([])
})

it('llms.txt links every page of docs, except decisions and parts of the reference', () => {
  const index = read('llms.txt')
  const own = pages.filter(page => /^docs\/(?!decisions\/\d|reference\/[a-z])/.test(page))
  expect(own.filter(page => !index.includes(`(${page})`))).toEqual([])
})

it('docs/decisions/README.md lists every decision under its title', () => {
  const titles = readdirSync(join(ROOT, 'docs', 'decisions'))
    .filter(file => /^\d/.test(file))
    .toSorted()
    .map(file => [file, /^# (.+)$/m.exec(read(`docs/decisions/${file}`))?.[1]])
  const rows = [...read('docs/decisions/README.md').matchAll(/\]\((\d[^)]+)\) \| (.+?) +\|$/gm)]
  expect(rows.map(([, file, title]) => [file, title])).toEqual(titles)
})

describe('docs/architecture.md', () => {
  const page = read('docs/architecture.md')

  it('names files that exist', () => {
    const named = [...page.matchAll(/`((?:core|express|koa|undici|pg|kafkajs|http|grpc|sdk)\/src[\w/.-]*)`/g)]
    const missing = named.flatMap(([, path = '']) => (existsSync(join(ROOT, 'packages', path)) ? [] : path))
    expect(named.length).toBeGreaterThan(20)
    expect(missing).toEqual([])
  })

  it('sorts its glossary', () => {
    const words = [...page.matchAll(/^\| \*\*([a-z, ]+)\*\*/gm)].map(([, word]) => word)
    expect(words.length).toBeGreaterThan(20)
    expect(words).toEqual(words.toSorted())
  })
})

describe('docs/compatibility.md', () => {
  const page = read('docs/compatibility.md').replaceAll('\\|', '|')

  it('names the versions of Node that every package requires', () => {
    for (const name of packages) {
      const { engines } = JSON.parse(read(`packages/${name}/package.json`)) as { engines: { node: string } }
      expect(page).toContain(`Node \`${engines.node}\``)
    }
  })

  it.each(packages)('lists the peers of %s', name => {
    const { peerDependencies = {} } = JSON.parse(read(`packages/${name}/package.json`)) as {
      peerDependencies?: Readonly<Record<string, string>>
    }
    const peers = Object.entries(peerDependencies).map(([peer, range]) => `\`${peer}\` \`${range}\``)
    const row = page.split('\n').find(line => line.startsWith(`| \`@spanwright/${name}\``))
    expect(row).toContain(` ${peers.join(', ') || 'any OpenTelemetry SDK'} `)
  })

  it.each(packages)('is linked from the README of %s', name => {
    expect(read(`packages/${name}/README.md`)).toContain('docs/compatibility.md')
  })
})

describe('docs/troubleshooting.md', () => {
  /** What the packages say, with texts that go over several lines made one. */
  const said = readSources()
    .map(({ text }) => text.replaceAll(/['`] \+\s*['`"]|" \+\s*['`"]/g, '').replaceAll(/\$\{[^}]*\}/g, '…'))
    .join('\n')
  const tables = read('docs/troubleshooting.md').split(/^## /m)
  const rows = tables.filter(table => /\| message/.test(table)).flatMap(table => table.split('\n'))
  const messages = rows.flatMap(row => /^\| `([^`]+)`/.exec(row)?.[1] ?? [])

  it('quotes messages as the packages say them', () => {
    expect(messages.length).toBeGreaterThan(15)
    expect(messages.filter(message => !said.includes(message))).toEqual([])
  })
})
