import { join } from 'node:path'

/** What `require()` lets a program read TypeScript with. */
export const TYPESCRIPT: string = join(__dirname, 'typescript.cjs')

/** Arguments of Node with which a program runs from its sources, and those of our packages. */
export const FROM_SOURCE: readonly string[] = ['--require', TYPESCRIPT, '--conditions=@spanwright/source']
