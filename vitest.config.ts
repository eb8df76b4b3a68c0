import { defineConfig } from 'vitest/config';

const conditions = ['source', 'import', 'module', 'default'];
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions: ['node', ...conditions] } },
  test: { include: ['src/**/*.test.ts', 'test/**/*.test.ts'], reporters: ['default', './tools/ci-reporter.ts'], testTimeout: 60_000 },
});
