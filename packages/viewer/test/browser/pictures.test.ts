import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, it, jest } from '@jest/globals'
import type { Page } from 'playwright-core'

import { type Stage, startStage } from './stage.ts'

jest.setTimeout(60_000)

/** The pictures of the README are replaced with WRITE_DOCS=1; otherwise they are only taken. */
const FOLDER = process.env['WRITE_DOCS']
  ? join(__dirname, '..', '..', 'pictures')
  : join(__dirname, 'node_modules', '.cache', 'pictures')

let stage: Stage
let cart: string
beforeAll(async () => {
  mkdirSync(FOLDER, { recursive: true })
  stage = await startStage()
  const ids = await stage.send('orders', 'cart', 'orders')
  cart = ids[4] ?? ''
})
afterAll(async () => await stage[Symbol.asyncDispose]())

async function picture(
  name: string,
  path: string,
  colorScheme: 'light' | 'dark',
  act: (page: Page) => Promise<void>,
): Promise<void> {
  const page = await stage.open(path, {
    viewport: { width: 1280, height: 720 },
    colorScheme,
    reducedMotion: 'reduce',
  })
  await act(page)
  await page.screenshot({ path: join(FOLDER, `${name}.png`) })
  expect(existsSync(join(FOLDER, `${name}.png`))).toBe(true)
}

it('takes a picture of the list', () =>
  picture('list', '/', 'light', page => page.getByRole('row').nth(9).waitFor()))

it('takes a picture of a trace with its findings', () =>
  picture('trace', `/#/trace/${cart}`, 'light', page => page.getByRole('treegrid').waitFor()))

it('takes a picture of a span in dark colours', () =>
  picture('span', `/#/trace/${cart}`, 'dark', async page => {
    await page.getByRole('treegrid').waitFor()
    await page.keyboard.press('n')
    await page.keyboard.press('n')
    await page.getByRole('article').waitFor()
  }))
