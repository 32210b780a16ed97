import { afterEach, expect, it } from '@jest/globals'

import { launchChromium } from './chromium.ts'

const { CHROMIUM } = process.env
afterEach(() => {
  if (CHROMIUM === undefined) delete process.env['CHROMIUM']
  else process.env['CHROMIUM'] = CHROMIUM
})

it('says how to get a browser when there is none', async () => {
  process.env['CHROMIUM'] = '/no/such/browser'
  await expect(launchChromium()).rejects.toThrow(/apt-get install chromium\) and set CHROMIUM to its path/)
})
