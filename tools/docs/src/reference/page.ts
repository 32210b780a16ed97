import type { Declaration, Declarations, Tag } from './declarations.ts'
import type { PublishedPackage } from './doors.ts'
import { renderTable } from './table.ts'

const DEFAULT = /\bDefaults?:\s+([^]*?)(?:\.(?=\s|$)|$)/

/** What a word with @ leaves of a doc comment, unless it is code. */
const CUT_OFF = /[^.:`]$/

/** Where the text of a type names a parameter, and not a type. */
const TYPE_PARAMETER = /\b(?:infer )\w+|\b\w+(?= extends\b)/g

/** What a package exports, and the types that this mentions. */
export interface Exports {
  readonly published: PublishedPackage
  readonly doors: readonly { readonly name: string; readonly values: readonly Declaration[] }[]
  /** By name, in alphabetical order. */
  readonly types: ReadonlyMap<string, Declaration>
}

export function readExports(published: PublishedPackage, declarations: Declarations): Exports {
  const types = new Map<string, Declaration>()
  const doors = published.doors.map(({ name, source }) => ({
    name,
    exported: declarations.exportsOf(source),
  }))
  for (const one of doors.flatMap(({ exported }) => exported)) collectTypes(one, types, declarations)
  const names = new Set(doors.flatMap(({ exported }) => exported.map(({ name }) => name)))
  const shown = [...types.values()].filter(type => names.has(type.name) || isDocumented(type))
  return {
    published,
    doors: doors.map(({ name, exported }) => ({ name, values: exported.filter(({ isType }) => !isType) })),
    types: new Map(shown.toSorted(byName).map(type => [type.name, type])),
  }
}

/** The page of a package: for each door its functions, then the options and other types that they mention. */
export function renderPage({ published, doors, types }: Exports): string {
  const sections = doors.flatMap(({ name, values }) =>
    values.length === 0 ? [] : [`## ${name}\n`, ...values.map(value => renderValue(value, types))],
  )
  return [
    `# ${published.name}: reference\n`,
    `${published.description} Its [README](../../packages/${published.folder}/README.md) explains it; this page lists every export. Written by \`npm run docs:reference\`; not by hand.\n`,
    ...sections,
    ...renderTypes('Options', types, isOptions),
    ...renderTypes('Types', types, type => !isOptions(type)),
  ].join('\n')
}

const byName = (a: Declaration, b: Declaration): number => (a.name < b.name ? -1 : 1)

/** A type, and the types that a declaration mentions, directly or through others. */
function collectTypes(one: Declaration, types: Map<string, Declaration>, declarations: Declarations): void {
  if (one.isType) types.set(one.name, one)
  for (const name of mentionedIn(one)) {
    const type = types.has(name) ? undefined : declarations.find(name)
    if (type?.isType) collectTypes(type, types, declarations)
  }
}

function mentionedIn({ heads, members }: Declaration): Set<string> {
  const texts = [...heads, ...members.map(({ type }) => type)]
  return new Set(texts.flatMap(text => text.replaceAll(TYPE_PARAMETER, '').match(/\b[A-Z]\w+/g) ?? []))
}

type Types = ReadonlyMap<string, Declaration>

function renderValue(value: Declaration, types: Types): string {
  const mentioned = [...mentionedIn(value)].filter(name => types.has(name))
  return [
    `### ${value.name}\n`,
    ...value.heads.map(head => `\`${head}\`\n`),
    `${value.doc}\n`,
    ...renderTags(value.tags),
    ...(mentioned.length > 0 ? [`Types: ${mentioned.map(link).join(', ')}.\n`] : []),
  ].join('\n')
}

function renderTags(tags: readonly Tag[]): string[] {
  const lines = tags.flatMap(({ name, text }) => {
    const line = text
      .replaceAll(/\{@link (\w+)\}/g, '`$1`')
      .replaceAll(/\s+/g, ' ')
      .trim()
    if (name === 'param') return `- ${line.replace(/^(\w+)\s*-?\s*/, '`$1`: ')}`
    if (name === 'returns') return `- Returns ${line}`
    return name === 'throws' ? `- Throws ${line}` : []
  })
  return lines.length > 0 ? [`${lines.join('\n')}\n`] : []
}

function renderTypes(heading: string, types: Types, belongs: (type: Declaration) => boolean): string[] {
  const chosen = [...types.values()].filter(belongs)
  return chosen.length > 0 ? [`## ${heading}\n`, ...chosen.map(type => renderType(type, types))] : []
}

function renderType(type: Declaration, types: Types): string {
  return [
    `### ${type.name}\n`,
    ...(type.doc === '' ? [] : [`${type.doc}\n`]),
    ...type.heads.map(head => `\`${head}\`\n`),
    ...(isDocumented(type) ? renderMembers(type, types) : listMembers(type)),
  ].join('\n')
}

/** Its users give it, and can leave some of it out. */
function isOptions({ members }: Declaration): boolean {
  return members.some(({ doc }) => DEFAULT.test(doc))
}

/** Many types say what a library or OpenTelemetry look like; their members are documented there. */
function isDocumented({ doc, members }: Declaration): boolean {
  if (members.length === 0) return doc !== ''
  return members.filter(member => member.doc !== '').length * 2 >= members.length
}

function listMembers({ members }: Declaration): string[] {
  const codes = members.map(({ name, isOptional, type }) => `\`${name}${isOptional ? '?' : ''}: ${type}\``)
  return codes.length > 0 ? [`${codes.join(', ')}\n`] : []
}

function renderMembers(type: Declaration, types: Types): string[] {
  if (type.members.length === 0) return []
  const hasDefaults = isOptions(type)
  const heads = ['name', 'type', 'meaning', ...(hasDefaults ? ['default'] : [])]
  const rows = type.members.map(({ name, isOptional, type: text, doc }) => {
    const meaning = doc.replace(DEFAULT, '').replaceAll(/\s+/g, ' ').trim()
    const fallback = DEFAULT.exec(doc)?.[1]?.replaceAll(/\s+/g, ' ') ?? (isOptional ? '' : 'required')
    return [
      `\`${name}${isOptional && !hasDefaults ? '?' : ''}\``,
      typeCell(text, types),
      meaning,
      ...(hasDefaults ? [fallback] : []),
    ]
  })
  return [renderTable(heads, rows)]
}

/** The type as code, linked if it is the name of one on the page. */
function typeCell(type: string, types: Types): string {
  return types.has(type) ? `[\`${type}\`](#${type.toLowerCase()})` : `\`${type}\``
}

function link(name: string): string {
  return `[${name}](#${name.toLowerCase()})`
}

/** What doc comments must still say. */
export function missingDocs({ published, doors, types }: Exports): string[] {
  const all = [...types.values(), ...doors.flatMap(({ values }) => values)]
  const options = all.filter(type => isOptions(type) || type.name.endsWith('Options'))
  const missing = [
    ...all.filter(({ doc }) => doc === '').map(({ name }) => `${name} has no doc comment`),
    ...all.filter(({ doc }) => CUT_OFF.test(doc)).map(({ name }) => `the doc comment of ${name} is cut off`),
    ...options.flatMap(missingIn),
  ]
  return missing.map(one => `${published.name}: ${one}`)
}

function missingIn({ name: type, members }: Declaration): string[] {
  return members.flatMap(({ name, doc, isOptional }) => {
    if (doc === '') return `${type}.${name} has no doc comment`
    if (CUT_OFF.test(doc)) return `the doc comment of ${type}.${name} is cut off`
    return isOptional && !DEFAULT.test(doc) ? `${type}.${name} has no default` : []
  })
}
