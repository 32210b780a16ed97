import type Koa from 'koa'
import type { Context, Middleware } from 'koa'

import type { Request } from '../client.ts'
import { load } from '../load.ts'
import { type KoaCase, type Make, routed } from './framework.ts'

type Done = (error: unknown, user?: unknown) => void

interface Passport {
  use(strategy: object): void
  serializeUser(serialize: (user: object, done: Done) => void): void
  deserializeUser(deserialize: (id: string, done: Done) => void): void
  initialize(): Middleware
  session(): Middleware
  authenticate(name: string): (ctx: Context, next: () => Promise<unknown>) => Promise<unknown>
}

interface WithSession {
  session: { views?: number }
  state: { user?: object }
}

/** Sessions, and users known by them. */
export const SESSIONS: readonly KoaCase[] = [
  {
    name: 'koa-session',
    use: app => void app.use(session(app)),
    routes(app) {
      routed(app, router => {
        router.get('/views/:id', ctx => {
          const { session: own } = ctx as unknown as WithSession
          own.views = (own.views ?? 0) + 1
          ctx.body = { views: own.views }
        })
      })
    },
    requests: [
      { shows: 'a new session', request: { path: '/views/7' }, first: 'GET /views/:id 200' },
      { shows: 'the same session again', request: { path: '/views/7' }, first: 'GET /views/:id 200' },
    ],
  },
  {
    name: 'koa-passport',
    use(app) {
      const passport = new (load<{ KoaPassport: new () => Passport }>('koa-passport').KoaPassport)()
      const { Strategy } = load<{ Strategy: new (verify: unknown) => object }>('passport-local')
      passport.use(
        new Strategy((name: string, password: string, done: Done) => {
          done(null, password === 'right' ? { name } : false)
        }),
      )
      passport.serializeUser((user, done) => done(null, (user as { name: string }).name))
      passport.deserializeUser((name, done) => done(null, { name }))
      app.use(session(app)).use(load<Make>('koa-bodyparser')())
      app.use(passport.initialize()).use(passport.session())
      app.context['passport'] = passport
    },
    routes(app) {
      const passport = app.context['passport'] as Passport
      routed(app, router => {
        router.post('/login/:id', (ctx, next) =>
          passport.authenticate('local')(ctx as unknown as Context, next),
        )
        router.post('/login/:id', ctx => ctx.redirect('/me/7'))
        router.get('/me/:id', ctx => void (ctx.body = (ctx as unknown as WithSession).state.user ?? null))
      })
    },
    requests: [
      { shows: 'a wrong password', request: login('wrong'), first: 'POST /login/:id 401' },
      { shows: 'a login', request: login('right'), first: 'POST /login/:id 302' },
      { shows: 'a request of the user', request: { path: '/me/7' }, first: 'GET /me/:id 200' },
    ],
  },
]

/** A session whose cookie is the same in each run: the times are in the store. */
function session(app: Koa): Middleware {
  let made = 0
  const kept = new Map<string, unknown>()
  const store = {
    get: async (key: string) => kept.get(key),
    set: async (key: string, value: unknown) => void kept.set(key, value),
    destroy: async (key: string) => void kept.delete(key),
  }
  const genid = (): string => `session-${++made}`
  return load<{ default: Make }>('koa-session').default({ maxAge: 'session', store, genid }, app)
}

function login(password: string): Request {
  return {
    method: 'POST',
    path: '/login/7',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `username=ann&password=${password}`,
  }
}
