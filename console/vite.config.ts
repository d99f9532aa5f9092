import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

// Where `npm run dev` sends the API's requests: a running hub.
const hub = process.env.TOCSIN_SERVER ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  // The hub replaces the word by a fresh nonce in every page that it serves.
  html: { cspNonce: 'TOCSIN-NONCE' },
  build: {
    outDir: 'dist',
    assetsDir: 'console/assets',
    // Everything is a file of its own: the content security policy allows no data: URL but pictures.
    assetsInlineLimit: 0,
    // All styles are one file of the first load: a page is never shown without its own, whatever became of the hub meanwhile.
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // What many pages share is one file: a hundred small ones would each be a request.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'shared', minShareCount: 30 }] } } },
  },
  server: { proxy: { '/api': { target: hub, changeOrigin: false } } },
  test: {
    restoreMocks: true,
    projects: [
      {
        extends: true,
        test: {
          name: 'pure',
          environment: 'node',
          include: ['src/**/*.test.ts'],
          exclude: ['src/**/*.dom.test.*'],
        },
      },
      {
        extends: true,
        test: {
          name: 'dom',
          environment: 'jsdom',
          include: ['src/**/*.dom.test.{ts,tsx}'],
          setupFiles: ['src/test-setup.ts'],
        },
      },
    ],
  },
})
