import { jest } from '@jest/globals'
import type express from 'express'

/** Express as one of its versions exports it. */
export type Express = typeof express

/** The versions of Express that are tested, with the router each of them uses. */
export const VERSIONS: readonly { readonly name: string; readonly major: 4 | 5; load(): Express }[] = [
  { name: 'Express 4.17', major: 4, load: () => jest.requireActual('express-4.17') },
  { name: 'Express 4.21', major: 4, load: () => jest.requireActual('express-4.21') },
  { name: 'Express 4.22', major: 4, load: () => jest.requireActual('express4') },
  { name: 'Express 5.0 with router 2.0', major: 5, load: () => withRouter('router-2.0', 'express-5.0') },
  { name: 'Express 5.2 with router 2.2', major: 5, load: () => withRouter('router-2.2', 'express-5.2') },
  { name: 'Express 5.3', major: 5, load: () => jest.requireActual('express') },
]

/** Express with an older router than the one npm would install today. */
function withRouter(router: string, version: string): Express {
  let loaded: Express | undefined
  jest.isolateModules(() => {
    jest.doMock('router', () => jest.requireActual(router))
    loaded = jest.requireActual<Express>(version)
    jest.dontMock('router')
  })
  if (!loaded) throw new Error(`${version} was not loaded`)
  return loaded
}

/** The newest version of each major one, for what does not depend on the router. */
export const NEWEST: typeof VERSIONS = VERSIONS.filter(
  ({ name }) => name === 'Express 4.22' || name === 'Express 5.3',
)
