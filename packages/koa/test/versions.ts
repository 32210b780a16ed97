import { jest } from '@jest/globals'
import type Router from '@koa/router'
import type Koa from 'koa'

/** Koa as one of its versions exports it. */
export type KoaClass = typeof Koa
/** The router as one of its versions exports it. */
export type RouterClass = typeof Router

/** The versions of Koa that are tested. */
export const KOAS: readonly { readonly name: string; readonly Koa: KoaClass }[] = [
  { name: 'Koa 2.7', Koa: jest.requireActual('koa-2.7') },
  { name: 'Koa 2.16', Koa: jest.requireActual('koa2') },
  { name: 'Koa 3', Koa: jest.requireActual('koa') },
]

/** The versions of `@koa/router` that are tested. */
export const ROUTERS: readonly { readonly major: number; readonly Router: RouterClass }[] = [
  { major: 8, Router: jest.requireActual('koa-router-8') },
  { major: 9, Router: jest.requireActual('koa-router-9') },
  { major: 10, Router: jest.requireActual('koa-router-10') },
  { major: 12, Router: jest.requireActual('koa-router-12') },
  { major: 13, Router: jest.requireActual('koa-router-13') },
  { major: 14, Router: jest.requireActual('koa-router-14') },
  { major: 15, Router: jest.requireActual('@koa/router') },
]
