import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: import.meta.dirname,
  resolve: { conditions: ['@spanwright/source'] },
  ssr: { resolve: { conditions: ['@spanwright/source'] } },
  test: { include: ['*.spec.mts'] },
})
