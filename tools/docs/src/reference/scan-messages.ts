import {
  isBinaryExpression,
  isCallExpression,
  isNewExpression,
  isNoSubstitutionTemplateLiteral,
  isStringLiteral,
  isTemplateExpression,
  type Node,
  type SourceFile,
} from 'typescript/unstable/ast'

/** A message in the sources: `…` stands for what is only known at run time. */
export interface Message {
  readonly text: string
  /** Path of its file. */
  readonly file: string
}

/** Number of the argument that holds the message, by the function that is called. */
const SAYING: Readonly<Record<string, number>> = {
  say: 1,
  'diag.error': 0,
  'diag.warn': 0,
  'diag.info': 0,
  'environment.warn': 1,
  'this.warn': 1,
  warn: 0,
}

/** What a file throws, or says to `diag`. */
export function messagesIn(source: SourceFile, file: string): Message[] {
  const messages: Message[] = []
  const visit = (node: Node): void => {
    const argument = messageOf(node)
    const text = argument && textOf(argument)
    if (text !== undefined) messages.push({ text: text.replaceAll(/\s+/g, ' '), file })
    node.forEachChild(visit)
  }
  source.forEachChild(visit)
  return messages
}

function messageOf(node: Node): Node | undefined {
  if (isNewExpression(node))
    return node.expression.getText().endsWith('Error') ? node.arguments?.[0] : undefined
  if (!isCallExpression(node)) return undefined
  const at = SAYING[node.expression.getText()]
  return at === undefined ? undefined : (node.arguments[at] ?? node.arguments[0])
}

function textOf(node: Node): string | undefined {
  if (isStringLiteral(node) || isNoSubstitutionTemplateLiteral(node)) return node.text
  if (isTemplateExpression(node)) {
    return node.templateSpans.reduce((text, { literal }) => `${text}…${literal.text}`, node.head.text)
  }
  if (isBinaryExpression(node)) return `${textOf(node.left) ?? '…'}${textOf(node.right) ?? '…'}`
  return undefined
}
