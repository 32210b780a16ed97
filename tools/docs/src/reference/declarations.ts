import {
  isClassDeclaration,
  isConstructorDeclaration,
  isFunctionDeclaration,
  isInterfaceDeclaration,
  isPropertySignatureDeclaration,
  isTypeAliasDeclaration,
  isTypeLiteralNode,
  isVariableDeclaration,
  type Node,
  type VariableDeclaration,
} from 'typescript/unstable/ast'
import { type Checker, type Project, type Symbol as Name, SymbolFlags } from 'typescript/unstable/sync'

/** What a door exports, or what the type of an export mentions. */
export interface Declaration {
  readonly name: string
  readonly isType: boolean
  readonly doc: string
  readonly tags: readonly Tag[]
  /** Source text of its heads: of a function one for each overload, of a type its definition if it has no members. */
  readonly heads: readonly string[]
  /** Properties of an interface, those that it inherits as well. */
  readonly members: readonly Member[]
}

export interface Tag {
  readonly name: string
  readonly text: string
}

export interface Member {
  readonly name: string
  readonly isOptional: boolean
  readonly type: string
  readonly doc: string
}

/** Of `NodeBuilderFlags`: types are written in full. */
const NO_TRUNCATION = 1
/** A type in parentheses. */
const ENCLOSED = /^\(([^()]*(?:\([^()]*\)[^()]*)*)\)$/

/** Reads declarations of one package, and of what it imports. */
export class Declarations {
  private readonly project: Project
  private readonly checker: Checker
  /** Types that the sources of our packages declare, by name. Files of this package come first. */
  private readonly types = new Map<string, Name>()

  constructor(project: Project, folder: string) {
    this.project = project
    this.checker = project.checker
    const own = `/packages/${folder}/src/`
    const files = project.program.getSourceFileNames().filter(file => /\/packages\/\w+\/src\//.test(file))
    for (const file of files.toSorted((a, b) => Number(b.includes(own)) - Number(a.includes(own)))) {
      for (const statement of project.program.getSourceFile(file)?.statements ?? []) {
        if (!isInterfaceDeclaration(statement) && !isTypeAliasDeclaration(statement)) continue
        const name = statement.name.getText()
        const symbol = this.checker.getSymbolAtLocation(statement.name)
        if (symbol && !this.types.has(name)) this.types.set(name, symbol)
      }
    }
  }

  /** What a file exports, sorted by name. */
  exportsOf(file: string): Declaration[] {
    const source = this.project.program.getSourceFile(file)
    const module = source && this.checker.getSymbolAtLocation(source)
    if (!module) return []
    const exported = this.checker.getExportsOfModule(module)
    return exported
      .map(name => this.read(name.flags & SymbolFlags.Alias ? this.checker.getAliasedSymbol(name) : name))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** A type of our packages that the text of another one mentions. */
  find(name: string): Declaration | undefined {
    const symbol = this.types.get(name)
    return symbol && this.read(symbol)
  }

  private read(symbol: Name): Declaration {
    const nodes = symbol.declarations.flatMap(handle => handle.resolve(this.project) ?? [])
    const isInterface = nodes.some(node => isInterfaceDeclaration(node) || isLiteralAlias(node))
    const members = isInterface ? this.membersOf(symbol) : []
    return {
      name: symbol.name,
      isType: !(symbol.flags & SymbolFlags.Value),
      doc: symbol.getDocumentationComment(this.checker),
      tags: symbol.getJsDocTags(this.checker) as readonly Tag[],
      heads: members.length > 0 ? [] : headsOf(nodes, this.checker),
      members,
    }
  }

  private membersOf(symbol: Name): Member[] {
    const properties = this.checker.getPropertiesOfType(this.checker.getDeclaredTypeOfSymbol(symbol))
    const own = symbol.declarations[0]?.path
    // The compiler gives them in any order: those of its own file first, each file from top to bottom.
    const place = ({ valueDeclaration: at }: Name): string =>
      `${at?.path === own ? 0 : 1} ${at?.path} ${String(at?.index).padStart(8, '0')}`
    return properties
      .filter(({ name }) => !name.startsWith('__@'))
      .toSorted((a, b) => (place(a) < place(b) ? -1 : 1))
      .map(property => {
        const isOptional = (property.flags & SymbolFlags.Optional) !== 0
        const type = this.typeOf(property)
        return {
          name: property.name,
          isOptional,
          type: isOptional ? type.replace(/ \| undefined$/, '').replace(ENCLOSED, '$1') : type,
          doc: property.getDocumentationComment(this.checker),
        }
      })
  }

  /** As written in the source, unless that names a type parameter. */
  private typeOf(property: Name): string {
    const node = property.valueDeclaration?.resolve(this.project)
    if (node && isPropertySignatureDeclaration(node) && node.type && !mentionsParameter(node)) {
      return plainType(node.type.getText())
    }
    const type = this.checker.getTypeOfSymbol(property)
    return type ? plainType(this.checker.typeToString(type, undefined, NO_TRUNCATION)) : ''
  }
}

function isLiteralAlias(node: Node): boolean {
  return isTypeAliasDeclaration(node) && isTypeLiteralNode(node.type)
}

function mentionsParameter(node: Node): boolean {
  const { parent } = node
  if (!isInterfaceDeclaration(parent)) return false
  const text = node.getText()
  return (parent.typeParameters ?? []).some(({ name }) => new RegExp(`\\b${name.getText()}\\b`).test(text))
}

function headsOf(nodes: readonly Node[], checker: Checker): string[] {
  const functions = nodes.filter(isFunctionDeclaration)
  const overloads = functions.length > 1 ? functions.filter(({ body }) => body === undefined) : functions
  if (overloads.length > 0) return overloads.map(node => textUntil(node.name ?? node, node.body ?? node))
  return nodes.flatMap(node => {
    if (isVariableDeclaration(node)) return `${node.name.getText()}: ${typeOfVariable(node, checker)}`
    if (isTypeAliasDeclaration(node)) return oneLine(node.type.getText()).replace(/^\| /, '')
    if (isInterfaceDeclaration(node)) return oneLine(node.getText().replace(/^[^{]*/, ''))
    if (!isClassDeclaration(node)) return []
    const constructor = node.members.find(isConstructorDeclaration)
    const parameters = constructor ? textUntil(constructor, constructor.body ?? constructor) : 'constructor()'
    return parameters.replace('constructor', `new ${node.name?.getText() ?? ''}`)
  })
}

function typeOfVariable(node: VariableDeclaration, checker: Checker): string {
  const type = checker.getTypeAtLocation(node)
  return plainType(node.type?.getText() ?? (type ? checker.typeToString(type, undefined, NO_TRUNCATION) : ''))
}

/** The text from the start of a node to the start of a body, or to its own end when it is the body. */
function textUntil(start: Node, body: Node): string {
  const { text } = start.getSourceFile()
  const isWhole = body === start || body.pos <= start.pos
  return oneLine(text.slice(start.getStart(), isWhole ? body.end : body.getStart()))
}

function oneLine(text: string): string {
  return text
    .replaceAll(/\/\*\*[^]*?\*\/\s*/g, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/([(<]) | (?=[)>])/g, '$1')
    .replaceAll(/,(?=[)>])/g, '')
    .trim()
}

/** Without the arguments of generic types that say nothing. */
function plainType(text: string): string {
  let plain = oneLine(text).replace(/^\| /, '')
  for (let before = ''; before !== plain;) {
    before = plain
    plain = plain.replaceAll(/<[^<>()]*\bany\b[^<>()]*>/g, '')
  }
  return plain.replaceAll('"', "'")
}
