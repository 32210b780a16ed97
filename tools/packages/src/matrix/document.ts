import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { ROOT } from '../published.ts'
import { NODES, ROWS } from './rows.ts'

const PAGE = join(ROOT, 'docs', 'compatibility.md')
const START = '<!-- versions: written by npm run test:matrix -->'
const END = '<!-- end of versions -->'

/** Writes the results into the page, between the two marks. */
export async function writeTable(results: ReadonlyMap<string, boolean>): Promise<void> {
  const page = await readFile(PAGE, 'utf8')
  const [before, rest = ''] = page.split(START)
  const after = rest.split(END)[1]
  if (before === undefined || after === undefined)
    throw new Error(`${PAGE} does not have the marks of the table`)
  const lines = [
    `| library | version | ${NODES.map(node => `Node ${node}`).join(' | ')} |`,
    `|---|---|${NODES.map(() => '---|').join('')}`,
    ...ROWS.flatMap(({ name, versions }) =>
      Object.keys(versions).map(version => {
        const cells = NODES.map(node => (results.get(`${name} ${version} ${node}`) ? '✓' : '–'))
        return `| ${name} | ${version} | ${cells.join(' | ')} |`
      }),
    ),
  ]
  await writeFile(PAGE, `${before}${START}\n\n${lines.join('\n')}\n\n${END}${after}`)
}
