import { join } from 'node:path'

/** The module that lets a program `require()` TypeScript. */
export const TYPESCRIPT: string = join(__dirname, 'typescript.cjs')

/** Arguments of Node that run a program from its sources, and from those of our packages. */
export const FROM_SOURCE: readonly string[] = ['--require', TYPESCRIPT, '--conditions=@spanwright/source']
