import type { RequestHandler } from 'express'

import { load } from '../load.ts'
import type { ExpressCase, Make } from './framework.ts'

interface WithSession {
  session: { views?: number }
  user?: { name: string }
}

interface Passport {
  use(strategy: object): void
  serializeUser(serialize: (user: object, done: Done) => void): void
  deserializeUser(deserialize: (id: string, done: Done) => void): void
  initialize(): RequestHandler
  session(): RequestHandler
  authenticate(name: string): RequestHandler
}

type Done = (error: unknown, user?: unknown) => void

/** Counts the views of a session. */
const count: RequestHandler = (req, res) => {
  const { session: own } = req as unknown as WithSession
  own.views = (own.views ?? 0) + 1
  res.json({ views: own.views })
}

const FIRST = { shows: 'a new session', request: { path: '/views/7' }, first: 'GET /views/:id 200' }
const SECOND = { ...FIRST, shows: 'the same session again' }

/** Sessions, and users known by them. */
export const SESSIONS: readonly ExpressCase[] = [
  {
    name: 'cookie-session',
    use: app => void app.use(load<Make>('cookie-session')({ name: 'session', keys: ['secret'] })),
    routes: app => void app.get('/views/:id', count),
    requests: [FIRST, SECOND],
  },
  {
    name: 'express-session',
    use: app => void app.use(session()),
    routes: app => void app.get('/views/:id', count),
    requests: [FIRST, SECOND],
  },
  {
    name: 'passport',
    use(app) {
      const passport = new (load<{ Passport: new () => Passport }>('passport').Passport)()
      const { Strategy } = load<{ Strategy: new (verify: unknown) => object }>('passport-local')
      passport.use(
        new Strategy((name: string, password: string, done: Done) => {
          done(null, password === 'right' ? { name } : false)
        }),
      )
      passport.serializeUser((user, done) => done(null, (user as { name: string }).name))
      passport.deserializeUser((name, done) => done(null, { name }))
      app.use(session(), load<{ urlencoded: Make }>('body-parser').urlencoded({ extended: false }))
      app.use(passport.initialize(), passport.session())
      app.set('passport', passport)
    },
    routes(app) {
      const passport = app.get('passport') as Passport
      app.post('/login/:id', passport.authenticate('local'), (_req, res) => res.redirect('/me/7'))
      app.get('/me/:id', (req, res) => void res.json((req as unknown as WithSession).user ?? null))
    },
    requests: [
      { shows: 'a wrong password', request: login('wrong'), first: 'POST /login/:id 401' },
      { shows: 'a login', request: login('right'), first: 'POST /login/:id 302' },
      { shows: 'a request of the user', request: { path: '/me/7' }, first: 'GET /me/:id 200' },
    ],
  },
]

/** A session whose ids are the same in each run. */
function session(): RequestHandler {
  let made = 0
  const genid = (): string => `session-${++made}`
  return load<Make>('express-session')({ secret: 'secret', resave: false, saveUninitialized: false, genid })
}

function login(password: string): ExpressCase['requests'][number]['request'] {
  return {
    method: 'POST',
    path: '/login/7',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `username=ann&password=${password}`,
  }
}
