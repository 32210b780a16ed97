import type { ShapeNode } from './shape.ts'

const AT_ONCE = 'at once:'

/** Writes shapes as indented text. */
export function writeShapes(groups: readonly (readonly ShapeNode[])[], indent = ''): string[] {
  return groups.flatMap(group => {
    if (group.length === 1) return group.flatMap(node => writeShape(node, indent))
    return [`${indent}${AT_ONCE}`, ...group.flatMap(node => writeShape(node, `${indent}  `))]
  })
}

/** Writes one shape with everything beneath it. */
export function writeShape({ line, attributes, groups }: ShapeNode, indent: string): string[] {
  return [
    `${indent}${line}`,
    ...attributes.map(attribute => `${indent}    . ${attribute}`),
    ...writeShapes(groups, `${indent}  `),
  ]
}

/**
 * Reads what {@link writeShapes} wrote.
 * @throws TypeError naming the first line that cannot be read
 */
export function readShapes(text: string): ShapeNode[][] {
  const lines = text.split(/\r?\n/)
  const root: Builder = { line: '', attributes: [], groups: [] }
  const open: { indent: number; node: Builder; isGroup: boolean }[] = [
    { indent: -1, node: root, isGroup: false },
  ]
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const indent = raw.length - raw.trimStart().length
    const top = (): (typeof open)[number] => open.at(-1) as (typeof open)[number]
    if (line.startsWith('. ')) {
      if (top().node === root) throw new TypeError(`line ${index + 1}: an attribute before the first span`)
      top().node.attributes.push(line.slice(2))
      continue
    }
    while (top().indent >= indent) open.pop()
    const { node: parent, isGroup } = top()
    if (line === AT_ONCE) {
      parent.groups.push([])
      open.push({ indent, node: parent, isGroup: true })
      continue
    }
    const node: Builder = { line, attributes: [], groups: [] }
    if (isGroup) parent.groups.at(-1)?.push(node)
    else parent.groups.push([node])
    open.push({ indent, node, isGroup: false })
  }
  return root.groups
}

interface Builder {
  readonly line: string
  readonly attributes: string[]
  readonly groups: Builder[][]
}
