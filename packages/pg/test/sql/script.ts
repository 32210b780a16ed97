import { scanSync } from 'libpg-query'

/**
 * The statements of a script for psql, told apart by PostgreSQL's scanner, so that refused ones don't hide the others.
 * Commands and variables of psql, and the data of `COPY`, are left out.
 */
export function statementsIn(script: string): string[] {
  const sql = script
    .replaceAll(/^(copy\b[^;]*\bfrom\s+stdin[^;]*;)[^\n]*\n[^]*?^\\\.$/gim, '$1')
    .replaceAll(/^\\.*$/gm, '')
    .replaceAll(/\\(?:g|gset|gdesc|gexec|gx|crosstabview|bind|parse|watch|;)[^\n]*$/gm, ';')
  const bytes = Buffer.from(sql)
  const statements: string[] = []
  let start = 0
  let depth = 0
  let isRoutine = false
  let blocks = 0
  for (const { text, end } of tokensOf(sql)) {
    const word = text.toUpperCase()
    if (text === '(') depth++
    else if (text === ')') depth--
    else if (word === 'ATOMIC') isRoutine = true
    else if (isRoutine && word === 'CASE') blocks++
    else if (isRoutine && word === 'END') {
      if (blocks-- === 0) {
        isRoutine = false
        blocks = 0
      }
    }
    if (text !== ';' || depth > 0 || isRoutine) continue
    statements.push(bytes.subarray(start, end - 1).toString())
    start = end
  }
  statements.push(bytes.subarray(start).toString())
  return statements
}

/** For a script with tokens that the scanner refuses on purpose, the ends of its statements only. */
function tokensOf(sql: string): readonly { readonly text: string; readonly end: number }[] {
  try {
    return scanSync(sql).tokens
  } catch {
    return [...sql.matchAll(/;(?=\s*$)/gm)].map(({ index }) => ({
      text: ';',
      end: Buffer.byteLength(sql.slice(0, index)) + 1,
    }))
  }
}
