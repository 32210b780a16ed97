import { parseSync, scanSync, type ScanToken } from 'libpg-query'

type Tree = Readonly<Record<string, unknown>>

/** What PostgreSQL's parser finds in one statement. */
export interface Found {
  /** Tables, and functions used in place of one, spelt as in the text and in its order. */
  readonly targets: readonly string[]
  /** Number of queries, where that is the number of the words `SELECT` and `TABLE` before them. */
  readonly queries: number | undefined
}

const WITH_TARGETS = new Set([
  'SelectStmt',
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
  'MergeStmt',
  'CopyStmt',
  'DeclareCursorStmt',
  'PrepareStmt',
  'ExplainStmt',
])

/** Statements of which the summary names what they are about, and nothing that follows. */
const WITH_OBJECTS: Readonly<Record<string, (statement: Tree) => unknown>> = {
  TruncateStmt: ({ relations }) => relations,
  LockStmt: ({ relations }) => relations,
  VacuumStmt: ({ rels }) => rels,
  CreateStmt: ({ relation }) => relation,
  CreateTableAsStmt: ({ into }) => into,
  ViewStmt: ({ view }) => view,
  AlterTableStmt: ({ relation }) => relation,
}

/**
 * Finds the targets of a statement in its parse tree; undefined for a text that is refused, that is no single
 * statement, or whose kind of statement has no targets.
 */
export function targetsIn(text: string): Found | undefined {
  let statements: readonly { readonly stmt?: unknown }[]
  try {
    statements = parseSync(text).stmts ?? []
  } catch {
    return undefined
  }
  const [only, ...others] = statements
  if (!only || others.length > 0) return undefined
  const [kind = '', tree] = Object.entries(only.stmt as Record<string, Tree>)[0] ?? []
  const finder = new Finder(text)
  if (WITH_TARGETS.has(kind)) finder.walk(only.stmt, undefined)
  else if (WITH_OBJECTS[kind] && tree) finder.walk({ relation: WITH_OBJECTS[kind](tree) }, undefined)
  else return undefined
  return finder.found
}

/** Names of common table expressions that are visible somewhere. */
interface Visible {
  readonly names: ReadonlySet<unknown>
  readonly outer: Visible | undefined
}

class Finder {
  private readonly bytes: Buffer
  private readonly places = new Set<number>()
  private queries = 0
  private hasSetOperations = false

  constructor(text: string) {
    this.bytes = Buffer.from(text)
  }

  get found(): Found {
    const places = [...this.places].toSorted((a, b) => a - b)
    return {
      targets: places.map(place => this.nameAt(place)),
      queries: this.hasSetOperations || !this.queries ? undefined : this.queries,
    }
  }

  walk(node: unknown, visible: Visible | undefined): void {
    if (Array.isArray(node)) for (const item of node) this.walk(item, visible)
    else if (typeof node === 'object' && node !== null) this.walkTree(node as Tree, visible)
  }

  private walkTree(tree: Tree, visible: Visible | undefined): void {
    for (const [key, value] of Object.entries(tree)) {
      const inner = value as Tree
      if (key === 'RangeVar') this.addTable(inner, visible)
      else if (key === 'relation' || key === 'rel') {
        // A sample can be of any table; the target of a statement is not a common table expression.
        this.addTable(inner, typeof inner?.['relname'] === 'string' ? undefined : visible)
      } else if (key === 'MultiAssignRef' && inner['colno'] !== 1) continue
      else if (key === 'RangeFunction') this.addFunctions(inner, visible)
      else if (key === 'RangeTableFunc' || key === 'JsonTable') {
        this.add(inner)
        this.walk(inner, visible)
      } else if (key === 'CreateTableAsStmt') this.walk(inner['into'], visible)
      else if (key === 'lockingClause') continue
      else if (key === 'SelectStmt' || key === 'larg' || key === 'rarg') this.walkQuery(key, inner, visible)
      else if (typeof inner === 'object' && inner !== null) {
        this.walkStatement(inner, visible)
      }
    }
  }

  private walkQuery(key: string, query: Tree, visible: Visible | undefined): void {
    if (query['op'] === undefined) {
      // A join has a larg and a rarg too.
      this.walk({ [key === 'SelectStmt' ? 'statement' : 'item']: query }, visible)
      return
    }
    if (query['op'] !== 'SETOP_NONE') this.hasSetOperations = true
    else if (!query['valuesLists']) this.queries++
    this.walkStatement(query, visible)
  }

  private walkStatement(node: Tree, visible: Visible | undefined): void {
    const { withClause, ...rest } = node as { withClause?: { ctes: Tree[]; recursive?: boolean } } & Tree
    let known = visible
    if (withClause) {
      const expressions = withClause.ctes.map(cte => cte['CommonTableExpr'] as Tree)
      const names = expressions.map(({ ctename }) => ctename)
      if (withClause.recursive) known = { names: new Set(names), outer: visible }
      for (const expression of expressions) {
        this.walk(expression['ctequery'], known)
        if (!withClause.recursive) known = { names: new Set([expression['ctename']]), outer: known }
      }
    }
    this.walk(rest, known)
  }

  private addTable(table: Tree, visible: Visible | undefined): void {
    if (typeof table?.['relname'] !== 'string') return this.walk(table, visible)
    if (table['schemaname'] === undefined) {
      for (let at = visible; at; at = at.outer) if (at.names.has(table['relname'])) return
    }
    this.add(table)
  }

  private addFunctions({ functions, ...rest }: Tree, visible: Visible | undefined): void {
    for (const item of functions as { List: { items: [Tree, ...unknown[]] } }[]) {
      const [call] = item.List.items
      this.add(Object.values(call)[0] as Tree)
      this.walk(item, visible)
    }
    this.walk(rest, visible)
  }

  private add({ location = 0 }: { readonly location?: unknown }): void {
    this.places.add(Number(location))
  }

  /** The name, perhaps a qualified one, that begins at an offset. */
  private nameAt(place: number): string {
    let name = ''
    for (const { text, tokenName } of tokensOf(this.bytes.subarray(place).toString())) {
      if (tokenName.endsWith('COMMENT')) continue
      const isDot = text === '.'
      if (name !== '' && !isDot && !name.endsWith('.')) break
      name += text
    }
    return name
  }
}

function tokensOf(text: string): readonly ScanToken[] {
  try {
    return scanSync(text).tokens
  } catch {
    return []
  }
}

const OPERATIONS =
  /^(?:select|insert|update|delete|merge|values|table|explain|execute|declare|prepare|copy|create|alter|truncate|lock|vacuum|analy[sz]e|view|foreign|materialized|sequence|index|type)$/i

/** The targets, and the number of queries, in a summary. */
export function targetsOf(summary: string): { readonly targets: string[]; readonly queries: number } {
  const parts = summary.match(/(?:[^\s"]|"(?:[^"]|"")*")+/g) ?? []
  return {
    targets: parts.filter(part => !OPERATIONS.test(part)),
    queries: parts.filter(part => /^(?:select|table)$/i.test(part)).length,
  }
}

/** The query of a view that a statement creates. */
export function queryOfView(statement: string): string | undefined {
  const bytes = Buffer.from(statement)
  const words = tokensOf(statement).filter(({ tokenName }) => !tokenName.endsWith('COMMENT'))
  const at = words.findIndex(({ text }) => text.toUpperCase() === 'AS')
  const isView = words.slice(0, at).some(({ text }) => text.toUpperCase() === 'VIEW')
  const place = words[at]
  return isView && place ? bytes.subarray(place.end).toString() : undefined
}
